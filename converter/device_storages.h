// AllocateStorages, ZeroStorages, LoadStorages, CopyStorages: the calls of StoragePath, for storages on several devices
// and several types of devices. For implementations of DataSource.
//
// Example:
//   absl::StatusOr<std::vector<c10::Storage>> storages = AllocateStorages(placed);
//   if (!storages.ok()) return storages.status();
//   if (absl::Status status = ZeroStorages(*storages); !status.ok()) return status;
//
// Each call forwards to the paths of the devices: memory is allocated in one call for each device, and the bytes of all
// devices of one type are processed in one call.
//
// Errors: those of StoragePath and StoragePathFor.
//
// Thread safety: Thread-safe; see StoragePath.
// Lifetime: storages are independent of their records.

#ifndef METACONV_CONVERTER_DEVICE_STORAGES_H_
#define METACONV_CONVERTER_DEVICE_STORAGES_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Storage.h"
#include "converter/placed_storage.h"
#include "converter/storage_path.h"

namespace metaconv {

// A new storage for each of `placed`, in order. The sizes, and the free memory of all devices, are checked before the
// first allocation. Errors: kInvalidArgument for a size that is symbolic or negative; those of StoragePath, with the
// storage's id.
absl::StatusOr<std::vector<c10::Storage>> AllocateStorages(absl::Span<const PlacedStorage> placed);

absl::Status ZeroStorages(absl::Span<const c10::Storage> storages);

// Progress is that of all loads together.
absl::Status LoadStorages(absl::Span<const StorageLoad> loads, const LoadControl& control);

// At least one of the two storages of each copy must be on the CPU, or both on one type of device. Reports progress and
// checks for a stop after every 64 MiB, or after a larger storage. Where devices have streams, bytes count as soon as
// their copy has started.
absl::Status CopyStorages(absl::Span<const StorageCopy> copies, const LoadControl& control);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_DEVICE_STORAGES_H_
