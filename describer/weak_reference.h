// WeakReference: a weak pointer to one of LibTorch's objects, or to none yet.
//
// c10::weak_intrusive_ptr has no empty state to start from, and is made from a strong pointer only, which takes three
// atomic operations in place of one.
//
// Example:
//   WeakReference<c10::StorageImpl> storage;
//   storage = WeakReference(*tensor.storage().unsafeGetStorageImpl());
//   if (c10::intrusive_ptr<c10::StorageImpl> alive = storage.Lock()) …
//
// Dropping the last weak reference to a dead object runs the object's destructor, which may call code that is not ours: a
// wrapper of functorch drops what it wraps only then. Under a lock, swap references and drop the old one afterwards.
//
// Thread safety: as a raw pointer; the object's counts are atomic.
// Lifetime: keeps the object's memory, not the object.

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

  // Null if there is no object, or it is gone.
  c10::intrusive_ptr<Target> Lock() const { return target_.lock(); }

  // Whether there is an object, and it is not gone.
  bool IsAlive() const { return !target_.expired(); }
  bool IsEmpty() const { return target_._unsafe_get_target() == nullptr; }
  // Whether there was an object, and it is gone.
  bool IsDead() const { return !IsEmpty() && target_.expired(); }

  // So that IsDead() finds the count in the cache a little later.
  void Prefetch() const { __builtin_prefetch(target_._unsafe_get_target()); }

 private:
  using Weak = c10::weak_intrusive_ptr<Target>;
  Weak target_;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_WEAK_REFERENCE_H_
