// DataSlot: a copy of real data that is attached to a tensor without data.
//
// The slot is the context of the DataPtr of a meta storage, whose data pointer is otherwise unused. The storage
// therefore owns the slot and destroys it. The slot of a strided tensor is on its storage; the slot of a tensor that
// consists of other tensors, such as a sparse one, is on the storage of its values.
//
// Example:
//   DataSlot::Attach(meta_storage);                                    // Before other threads can access it.
//   absl::Status status = DataSlot::Of(meta_storage)->FillOnce([&] { return Clone(source); });
//   DataSlot::Of(meta_storage)->storage();                             // The copy.
//
// Thread safety: Thread-safe, except Attach, which requires that no other thread accesses the storage.
// Lifetime: owned by the storage; pointers to a slot are valid as long as the storage is alive.

#ifndef METACONV_KINDS_DATA_SLOT_H_
#define METACONV_KINDS_DATA_SLOT_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "c10/core/Storage.h"

namespace metaconv {

class DataSlot {
 public:
  DataSlot() = default;
  DataSlot(const DataSlot&) = delete;
  DataSlot& operator=(const DataSlot&) = delete;

  // Attaches an empty slot to `storage` unless it has one. The storage must be on the meta device.
  static void Attach(const c10::Storage& storage);

  // The slot of `storage`, null if it has none.
  static DataSlot* Of(const c10::Storage& storage);
  // The slot of DataCarrier(tensor), null if it has none.
  static DataSlot* Of(const at::Tensor& tensor);

  // Stores the result of `copy` unless the slot is filled already. Concurrent callers wait for the one that copies.
  // After an error the slot stays empty, and the next caller tries again.
  absl::Status FillOnce(absl::FunctionRef<absl::StatusOr<c10::Storage>()> copy) ABSL_LOCKS_EXCLUDED(mutex_);

  // Stores the data of a tensor that is in several storages, or in none: the whole tensor. `shared` are the meta
  // storages with which its parts share memory; the slot keeps them alive, so that later results share them too.
  void Set(at::Tensor tensor, std::vector<c10::Storage> shared) ABSL_LOCKS_EXCLUDED(mutex_);

  // Null or undefined if the slot has none.
  c10::Storage storage() const ABSL_LOCKS_EXCLUDED(mutex_);
  at::Tensor tensor() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  c10::Storage storage_ ABSL_GUARDED_BY(mutex_);
  at::Tensor tensor_ ABSL_GUARDED_BY(mutex_);
  std::vector<c10::Storage> shared_ ABSL_GUARDED_BY(mutex_);
};

// The storage whose slot has the data of `tensor`. Null for kinds without data of their own, such as wrappers.
c10::Storage DataCarrier(const at::Tensor& tensor);

}  // namespace metaconv

#endif  // METACONV_KINDS_DATA_SLOT_H_
