// StorageTable: the storages that the pickles of a checkpoint refer to.
//
// A pickle refers to a storage by a persistent id, and may do so many times. The reader of each format says which
// storage each PicklePersistent is; see storage_id.h for what the formats have in common.
//
// Thread safety: for one thread at a time.
// Lifetime: storages live as long as the table.

#ifndef METACONV_CHECKPOINT_TORCH_STORAGE_TABLE_H_
#define METACONV_CHECKPOINT_TORCH_STORAGE_TABLE_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "c10/core/Device.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/records/checkpoint_storage.h"
#include "checkpoint/records/tensor_spec.h"

namespace metaconv {

// A storage as the elements of a dtype.
struct TypedStorage {
  CheckpointStorage* storage = nullptr;
  c10::ScalarType dtype = c10::ScalarType::Byte;
};

class StorageTable {
 public:
  StorageTable() = default;
  StorageTable(const StorageTable&) = delete;
  StorageTable& operator=(const StorageTable&) = delete;

  CheckpointStorage* New(c10::Device device, std::int64_t size_bytes) { return storages_.New(device, size_bytes); }

  void Set(const PicklePersistent* persistent, TypedStorage storage) { by_persistent_[persistent] = storage; }

  // Null if it is not a storage.
  const TypedStorage* Find(const PicklePersistent* persistent) const {
    const auto found = by_persistent_.find(persistent);
    return found == by_persistent_.end() ? nullptr : &found->second;
  }

  // In the tar format a persistent id refers to a tensor. The table borrows it.
  void SetTensor(const PicklePersistent* persistent, const TensorSpec* tensor) {
    tensor_by_persistent_[persistent] = tensor;
  }

  // Null if it is not a tensor.
  const TensorSpec* FindTensor(const PicklePersistent* persistent) const {
    const auto found = tensor_by_persistent_.find(persistent);
    return found == tensor_by_persistent_.end() ? nullptr : found->second;
  }

 private:
  CheckpointStorages storages_;
  absl::flat_hash_map<const PicklePersistent*, TypedStorage> by_persistent_;
  absl::flat_hash_map<const PicklePersistent*, const TensorSpec*> tensor_by_persistent_;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_STORAGE_TABLE_H_
