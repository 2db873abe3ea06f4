// CheckpointStorage: a storage of a checkpoint file, before it has an id; CheckpointStorages: the owner of all of them.
//
// Thread safety: for one thread at a time.
// Lifetime: storages live as long as the CheckpointStorages that made them.

#ifndef METACONV_CHECKPOINT_RECORDS_CHECKPOINT_STORAGE_H_
#define METACONV_CHECKPOINT_RECORDS_CHECKPOINT_STORAGE_H_

#include <cstdint>
#include <deque>
#include <optional>

#include "c10/core/Device.h"
#include "checkpoint/storage_location.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

struct CheckpointStorage {
  c10::Device device;
  std::int64_t size_bytes = 0;
  StorageLocation location;  // `size` and `alignment` are not set.
  // Nullopt until the first tensor on the storage is described, which gives the storage its id.
  std::optional<MetaStorageDesc> desc;
};

class CheckpointStorages {
 public:
  CheckpointStorages() = default;
  CheckpointStorages(const CheckpointStorages&) = delete;
  CheckpointStorages& operator=(const CheckpointStorages&) = delete;

  CheckpointStorage* New(c10::Device device, std::int64_t size_bytes) {
    return &storages_.emplace_back(
        CheckpointStorage{.device = device, .size_bytes = size_bytes, .location = {}, .desc = std::nullopt});
  }

 private:
  std::deque<CheckpointStorage> storages_;  // A deque, so that pointers to the storages stay valid.
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_RECORDS_CHECKPOINT_STORAGE_H_
