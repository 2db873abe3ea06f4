// DataSource: what the bytes of real tensors are.
//
// Example:
//   Materialize(*record, at::kCPU, *Zeros());
//   Materialize(*record, at::kCPU, *Filler([](const MetaStorageDesc& storage, std::int64_t offset, absl::Span<char> into) {
//     std::memset(into.data(), 0xff, into.size());
//     return absl::OkStatus();
//   }));
//
// Bytes of a checkpoint file: checkpoint_source.h.
//
// Thread safety: Thread-safe.
// Lifetime: independent of the tensors that are made.

#ifndef METACONV_CONVERTER_DATA_SOURCE_H_
#define METACONV_CONVERTER_DATA_SOURCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Device.h"
#include "c10/core/Storage.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

class DataSource {
 public:
  virtual ~DataSource() = default;

  // A storage for each record, with its bytes, on `device`; all or none. No two records have the same id.
  virtual absl::StatusOr<std::vector<c10::Storage>> MakeStorages(absl::Span<const MetaStorageDescPtr> descs,
                                                                 c10::Device device) = 0;

  // Whether it has the elements of sparse tensors. Otherwise these are made without any.
  virtual bool has_elements() const { return true; }

  // A tensor whose bytes lie in no storage that can be seen, as mkldnn's. Errors: kUnimplemented if the source has none.
  virtual absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc, c10::Device device);
};

// Bytes of no particular value.
std::unique_ptr<DataSource> Uninitialized();

std::unique_ptr<DataSource> Zeros();

// What `fill` writes: the bytes of a storage from `offset` on into the whole of `into`. It is called from several threads
// at once, with offsets that are multiples of StoragePath::kLoadAlignment. Its errors are passed on.
using StorageFiller =
    std::function<absl::Status(const MetaStorageDesc& storage, std::int64_t offset, absl::Span<char> into)>;
std::unique_ptr<DataSource> Filler(StorageFiller fill);

// Copies of what the records hold, see MetaTensorDescriber::Options::copy_data.
// Errors: kInvalidArgument for a record without its data.
std::unique_ptr<DataSource> CopiedData();

// The same bytes, not copied: tensors share memory with what the records hold, and stay on its device.
std::unique_ptr<DataSource> SharedData();

// Fresh storages for `descs`, which are checked first. Errors: kInvalidArgument for a size that is no number or negative;
// those of StoragePath, with the storage's id.
absl::StatusOr<std::vector<c10::Storage>> AllocateStorages(absl::Span<const MetaStorageDescPtr> descs,
                                                           c10::Device device);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_DATA_SOURCE_H_
