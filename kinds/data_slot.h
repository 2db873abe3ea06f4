// DataSlot: real data that a tensor without data carries along.
//
// The slot hangs on a storage of the meta device, in the place where other devices have the address of the bytes, so it
// goes when that storage goes and nobody has to look after it. A strided tensor carries its data on its storage; one
// that is made of others, as sparse ones are, on that of its values.
//
// Example:
//   DataSlot::Attach(meta_storage);                                    // Before others can see it.
//   absl::Status status = DataSlot::Of(meta_storage)->FillOnce([&] { return Clone(source); });
//   DataSlot::Of(meta_storage)->storage();                             // The copy.
//
// Thread safety: Thread-safe, but Attach, which is for a storage that nobody else has yet.
// Lifetime: owned by the storage; pointers are valid as long as it is held.

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

  // Gives `storage` an empty slot if it has none. It must be on the meta device.
  static void Attach(const c10::Storage& storage);

  // Null if it has none.
  static DataSlot* Of(const c10::Storage& storage);
  // That of the storage which carries the data of `tensor`. Null if there is none.
  static DataSlot* Of(const at::Tensor& tensor);

  // Puts in what `copy` returns, unless something is in already. One caller copies, others wait for it; after an error
  // the next one tries again.
  absl::Status FillOnce(absl::FunctionRef<absl::StatusOr<c10::Storage>()> copy) ABSL_LOCKS_EXCLUDED(mutex_);

  // For a tensor whose data lie in several storages, or in none that can be seen: the whole of it, and the storages
  // without data that share memory with it, so that they stay the ones.
  void Set(at::Tensor tensor, std::vector<c10::Storage> shared) ABSL_LOCKS_EXCLUDED(mutex_);

  // Null / undefined where there is none.
  c10::Storage storage() const ABSL_LOCKS_EXCLUDED(mutex_);
  at::Tensor tensor() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  c10::Storage storage_ ABSL_GUARDED_BY(mutex_);
  at::Tensor tensor_ ABSL_GUARDED_BY(mutex_);
  std::vector<c10::Storage> shared_ ABSL_GUARDED_BY(mutex_);
};

// The storage that carries the data of `tensor`; null if it is of a kind that has no data of its own, such as wrappers.
c10::Storage DataCarrier(const at::Tensor& tensor);

}  // namespace metaconv

#endif  // METACONV_KINDS_DATA_SLOT_H_
