// StorageId: the persistent id by which a pickle refers to a storage, ('storage', class, key, location, numel[, view]).
//
// Thread safety: pure functions.
// Lifetime: a StorageId borrows from the PicklePersistent.

#ifndef METACONV_CHECKPOINT_TORCH_STORAGE_ID_H_
#define METACONV_CHECKPOINT_TORCH_STORAGE_ID_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/pickle/pickle_value.h"

namespace metaconv {

struct StorageId {
  c10::ScalarType dtype;        // Byte for an untyped storage.
  const std::string* key;       // The name of the record in the file.
  const std::string* location;  // The device, as torch.save writes it.
  std::int64_t numel;
  std::int64_t size_bytes;
  PickleValue view;  // Legacy format only: (key, offset, numel) if it is a view of the storage, else None.

  std::uint64_t offset;  // In the pickle, for error messages.
};

// Errors: kDataLoss, with the offset, if the id does not have this form.
absl::StatusOr<StorageId> ParseStorageId(const PicklePersistent& persistent);

// The device that the record names: `map_location`, or that in the id.
absl::StatusOr<c10::Device> StorageDevice(const StorageId& id, const std::optional<c10::Device>& map_location);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_STORAGE_ID_H_
