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
// For the bytes of a checkpoint file use checkpoint_data.h. A source of your own derives from DataSource; the functions
// of device_storages.h allocate and load its storages.
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
#include "converter/placed_storage.h"
#include "converter/storage_path.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

class DataSource {
 public:
  virtual ~DataSource() = default;

  // A storage for each of `placed`, on its device and with its bytes. Either all succeed, or none is returned. No two
  // records have the same id. Devices have an index, where their type has more than one.
  virtual absl::StatusOr<std::vector<c10::Storage>> MakeStorages(absl::Span<const PlacedStorage> placed,
                                                                 const LoadControl& control) = 0;
  // As above, for storages on one device.
  absl::StatusOr<std::vector<c10::Storage>> MakeStorages(absl::Span<const MetaStorageDesc> descs, c10::Device device);

  // Whether the source has the elements of sparse tensors. Otherwise these are created without elements.
  virtual bool has_elements() const { return true; }

  // A tensor whose data is not in a c10::Storage, such as an mkldnn tensor. Errors: kUnimplemented if the source has
  // none.
  virtual absl::StatusOr<at::Tensor> MakeOpaque(const MetaTensorDesc& desc, c10::Device device);
};

// A source of uninitialized memory. It has no progress to report.
std::unique_ptr<DataSource> Uninitialized();

// A source of zeros. It has no progress to report.
std::unique_ptr<DataSource> Zeros();

// A source that calls `fill`, which must write the bytes of a storage, from `offset` on, to all of `into`. It is called
// from several threads at once, with offsets that are multiples of StoragePath::kLoadAlignment. Its errors are
// returned. Progress and stop: those of StoragePath::Load.
using StorageFiller =
    std::function<absl::Status(const MetaStorageDesc& storage, std::int64_t offset, absl::Span<char> into)>;
std::unique_ptr<DataSource> Filler(StorageFiller fill);

// Copies the data that the records hold; see MetaTensorDescriber::Options::copy_data. Progress and stop: after every
// 64 MiB, or after a larger storage.
// Errors: kInvalidArgument for a record without its data.
std::unique_ptr<DataSource> CopiedData();

// Shares the data that the records hold instead of copying it. Tensors stay on the device of that data. It has no
// progress to report.
std::unique_ptr<DataSource> SharedData();

}  // namespace metaconv

#endif  // METACONV_CONVERTER_DATA_SOURCE_H_
