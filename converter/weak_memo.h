// WeakMemo: a weak map from id to object. The memo does not keep the objects alive; their users do.
//
// Example:
//   WeakMemo<c10::StorageImpl> storages;
//   c10::intrusive_ptr<c10::StorageImpl> winner = storages.GetOrSet(id, *mine);   // Null if `mine` was stored.
//
// Thread safety: Thread-safe.
// Lifetime: keeps no object alive.

#ifndef METACONV_CONVERTER_WEAK_MEMO_H_
#define METACONV_CONVERTER_WEAK_MEMO_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "c10/util/intrusive_ptr.h"
#include "describer/sharded_weak_map.h"
#include "describer/weak_reference.h"

namespace metaconv {

template <typename T>
class WeakMemo {
 public:
  using Strong = c10::intrusive_ptr<T>;

  // The object of `id`; null if there is none, or it was destroyed.
  Strong Get(std::int64_t id) {
    Strong object;
    entries_.VisitIfPresent(id, [&](Entry& entry) { object = entry.object.Lock(); });
    return object;
  }

  // Sets the object of `id`; null removes it.
  void Set(std::int64_t id, const Strong& object) {
    WeakReference<T> reference = object ? WeakReference<T>(*object) : WeakReference<T>();
    entries_.Visit(id, [&](Entry& entry) { std::swap(entry.object, reference); });
    // The old reference is destroyed here, after the lock is released.
  }

  // The object of `id`. If there is none, stores `object` and returns null. `object` must be alive.
  Strong GetOrSet(std::int64_t id, T& object) {
    Strong winner;
    WeakReference<T> reference(object);
    entries_.Visit(id, [&](Entry& entry) {
      winner = entry.object.Lock();
      if (!winner) std::swap(entry.object, reference);
    });
    return winner;  // The old reference is destroyed here, after the lock is released.
  }

  // The number of live objects.
  std::size_t CountAlive() const { return entries_.CountAlive(); }

  // Calls visit(id, const Strong&) for each live object, in the order of the ids, with no lock held.
  template <typename Visitor>
  void ForEach(Visitor&& visit) {
    std::vector<std::int64_t> ids;
    entries_.VisitAlive([&](std::int64_t id, const Entry&) { ids.push_back(id); });
    std::sort(ids.begin(), ids.end());
    for (const std::int64_t id : ids) {
      if (const Strong object = Get(id)) visit(id, object);
    }
  }

  void Sweep() { entries_.Sweep(); }

  // Includes dead entries that were not swept yet.
  std::size_t size() const { return entries_.size(); }
  std::int64_t lookups() const { return entries_.lookups(); }

 private:
  struct Entry {
    WeakReference<T> object;

    bool IsAlive() const { return object.IsAlive(); }
    bool IsDead() const { return object.IsEmpty() || object.IsDead(); }
    void Prefetch() const { object.Prefetch(); }
  };

  ShardedWeakMap<std::int64_t, Entry> entries_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_WEAK_MEMO_H_
