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

#include <cstddef>
#include <cstdint>
#include <utility>

#include "c10/util/intrusive_ptr.h"
#include "converter/id_table.h"
#include "converter/weak_slot.h"

namespace metaconv {

template <typename T>
class WeakMemo {
 public:
  using Strong = c10::intrusive_ptr<T>;

  // The object of `id`; null if there is none, or it was destroyed.
  Strong Get(std::int64_t id) {
    Strong object;
    slots_.VisitIfPresent(id, [&](const Slot& slot) { object = slot.Lock(); });
    return object;
  }

  // Sets the object of `id`; null removes it.
  void Set(std::int64_t id, const Strong& object) {
    auto reference = object ? Slot::Weaken(*object) : Slot::NoReference();
    slots_.Visit(id, [&](Slot& slot) { slot.Exchange(reference); });
    slots_.Destroy(std::move(reference));
  }

  // The object of `id`. If there is none, stores `object` and returns null. `object` must be alive.
  Strong GetOrSet(std::int64_t id, T& object) {
    auto reference = Slot::Weaken(object);
    Strong existing = slots_.Visit(id, [&](Slot& slot) { return slot.GetOrSet(reference); });
    if (!existing) slots_.Destroy(std::move(reference));
    return existing;
  }

  // The number of live objects.
  std::size_t CountAlive() const { return slots_.CountAlive(); }

  // Calls visit(id, const Strong&) for each live object, in the order of the ids, with no lock held.
  template <typename Visitor>
  void ForEach(Visitor&& visit) {
    slots_.ForEachAlive([&](std::int64_t id) {
      if (const Strong object = Get(id)) visit(id, object);
    });
  }

  void Sweep() { slots_.Sweep(); }

  // Includes dead objects that were not swept yet.
  std::size_t size() const { return slots_.size(); }
  std::int64_t lookups() const { return slots_.lookups(); }

 private:
  using Slot = WeakSlot<T>;

  IdTable<Slot> slots_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_WEAK_MEMO_H_
