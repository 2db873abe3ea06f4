// WeakReference: a weak pointer to a TensorImpl or a StorageImpl, or empty.
//
// c10::weak_intrusive_ptr has no empty state to start from, and can be created from a strong pointer only, which takes
// three atomic operations instead of one.
//
// Example:
//   WeakReference<c10::StorageImpl> storage;
//   storage = WeakReference(*tensor.storage().unsafeGetStorageImpl());
//   if (c10::intrusive_ptr<c10::StorageImpl> alive = storage.Lock()) …
//
// Destroying the last weak reference to a dead object runs the object's destructor, which may call code of LibTorch or
// of users: for example, a functorch wrapper releases the wrapped tensor in its destructor. Code that holds a lock must
// swap references and destroy the old one after the lock is released.
//
// Thread safety: that of a raw pointer; the object's reference counts are atomic.
// Lifetime: keeps the object's memory allocated, but not the object alive.

#ifndef METACONV_DESCRIBER_WEAK_REFERENCE_H_
#define METACONV_DESCRIBER_WEAK_REFERENCE_H_

#include "c10/util/intrusive_ptr.h"

namespace metaconv {

template <typename Target>
class WeakReference {
 public:
  WeakReference() : target_(Weak::reclaim(nullptr)) {}
  // `target` must be alive.
  explicit WeakReference(Target& target) : target_(Weak::reclaim(&target)) {
    c10::raw::weak_intrusive_ptr::incref(&target);
  }

  // The object; null if the reference is empty or the object was destroyed.
  c10::intrusive_ptr<Target> Lock() const { return target_.lock(); }

  // Whether the reference is not empty and the object was not destroyed.
  bool IsAlive() const { return !target_.expired(); }
  bool IsEmpty() const { return target_._unsafe_get_target() == nullptr; }
  // Whether the reference is not empty and the object was destroyed.
  bool IsDead() const { return !IsEmpty() && target_.expired(); }

  // Prefetches the reference count for a later call of IsDead().
  void Prefetch() const { __builtin_prefetch(target_._unsafe_get_target()); }

 private:
  using Weak = c10::weak_intrusive_ptr<Target>;
  Weak target_;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_WEAK_REFERENCE_H_
