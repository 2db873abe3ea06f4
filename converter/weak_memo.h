// WeakMemo: id -> object, held weakly: whoever uses the object keeps it alive, the memo does not.
//
// Example:
//   WeakMemo<c10::StorageImpl> storages;
//   c10::intrusive_ptr<c10::StorageImpl> winner = storages.GetOrSet(id, mine);   // Whoever came first.
//
// Thread safety: Thread-safe.
// Lifetime: keeps nothing alive.

#ifndef METACONV_CONVERTER_WEAK_MEMO_H_
#define METACONV_CONVERTER_WEAK_MEMO_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "c10/util/intrusive_ptr.h"
#include "describer/sharded_weak_map.h"

namespace metaconv {

template <typename T>
class WeakMemo {
 public:
  using Strong = c10::intrusive_ptr<T>;

  // Null if there is none, or it is gone.
  Strong Get(std::int64_t id) {
    Strong object;
    entries_.VisitIfPresent(id, [&](Entry& entry) { object = entry.Lock(); });
    return object;
  }

  void Set(std::int64_t id, const Strong& object) {
    entries_.Visit(id, [&](Entry& entry) { entry.object.emplace(object); });
  }

  // The object that `id` has; `object`, from now on, if it has none.
  Strong GetOrSet(std::int64_t id, const Strong& object) {
    Strong winner;
    entries_.Visit(id, [&](Entry& entry) {
      winner = entry.Lock();
      if (winner) return;
      entry.object.emplace(object);
      winner = object;
    });
    return winner;
  }

  // Dead entries that were not swept yet included.
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::optional<c10::weak_intrusive_ptr<T>> object;

    Strong Lock() const { return object.has_value() ? object->lock() : Strong(); }
    bool IsDead() const { return object.has_value() && object->expired(); }
  };

  ShardedWeakMap<std::int64_t, Entry> entries_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_WEAK_MEMO_H_
