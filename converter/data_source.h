// DataSource: provides the bytes of real tensors.
//
// Example:
//   Materialize(*record, at::kCPU, *Zeros());
//   const auto fill = [](const MetaStorageDesc& storage, std::int64_t offset, absl::Span<char> into) {
//     std::memset(into.data(), 0xff, into.size());
//     return absl::OkStatus();
//   };
//   Materialize(*record, at::kCPU, *Filler(fill));
//
// For the bytes of a checkpoint file use checkpoint_data.h.
//
// Thread safety: Thread-safe.
// Lifetime: tensors are independent of their source.

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

  // A storage on `device` for each record, with its bytes. Either all succeed, or none is returned. No two records have
  // the same id.
  virtual absl::StatusOr<std::vector<c10::Storage>> MakeStorages(absl::Span<const MetaStorageDescPtr> descs,
                                                                 c10::Device device) = 0;

  // Whether the source has the elements of sparse tensors. Otherwise these are created without elements.
  virtual bool has_elements() const { return true; }

  // A tensor whose data is not in a c10::Storage, such as an mkldnn tensor. Errors: kUnimplemented if the source has
  // none.
  virtual absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc, c10::Device device);
};

// A source of uninitialized memory.
std::unique_ptr<DataSource> Uninitialized();

std::unique_ptr<DataSource> Zeros();

// A source that calls `fill`, which must write the bytes of a storage, from `offset` on, to all of `into`. It is called
// from several threads at once, with offsets that are multiples of StoragePath::kLoadAlignment. Its errors are
// returned.
using StorageFiller =
    std::function<absl::Status(const MetaStorageDesc& storage, std::int64_t offset, absl::Span<char> into)>;
std::unique_ptr<DataSource> Filler(StorageFiller fill);

// Copies the data that the records hold; see MetaTensorDescriber::Options::copy_data.
// Errors: kInvalidArgument for a record without its data.
std::unique_ptr<DataSource> CopiedData();

// Shares the data that the records hold instead of copying it. Tensors stay on the device of that data.
std::unique_ptr<DataSource> SharedData();

// Allocates new storages for `descs`, and checks their sizes first. Errors: kInvalidArgument for a size that is
// symbolic or negative; those of StoragePath, with the storage's id.
absl::StatusOr<std::vector<c10::Storage>> AllocateStorages(absl::Span<const MetaStorageDescPtr> descs,
                                                           c10::Device device);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_DATA_SOURCE_H_
