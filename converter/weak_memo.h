// WeakMemo: id -> object, held weakly: whoever uses the object keeps it alive, the memo does not.
//
// Example:
//   WeakMemo<c10::StorageImpl> storages;
//   c10::intrusive_ptr<c10::StorageImpl> winner = storages.GetOrSet(id, *mine);   // Whoever came first; null: `mine`.
//
// Thread safety: Thread-safe.
// Lifetime: keeps nothing alive.

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

  // Null if there is none, or it is gone.
  Strong Get(std::int64_t id) {
    Strong object;
    entries_.VisitIfPresent(id, [&](Entry& entry) { object = entry.object.Lock(); });
    return object;
  }

  // Null: `id` has none.
  void Set(std::int64_t id, const Strong& object) {
    WeakReference<T> reference = object ? WeakReference<T>(*object) : WeakReference<T>();
    entries_.Visit(id, [&](Entry& entry) { std::swap(entry.object, reference); });
    // The old reference is dropped here, without the lock.
  }

  // The object that `id` has. Null if it had none: it has `object`, which must not be null, from now on.
  Strong GetOrSet(std::int64_t id, T& object) {
    Strong winner;
    WeakReference<T> reference(object);
    entries_.Visit(id, [&](Entry& entry) {
      winner = entry.object.Lock();
      if (!winner) std::swap(entry.object, reference);
    });
    return winner;  // The old reference is dropped here, without the lock.
  }

  // How many objects are alive.
  std::size_t CountAlive() const { return entries_.CountAlive(); }

  // Calls visit(id, const Strong&) for each object that is alive, in the order of the ids, with no lock held.
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

  // Dead entries that were not swept yet included.
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
