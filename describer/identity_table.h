// IdentityTable: the ids of objects. Gives each TensorImpl or StorageImpl an id, and holds a weak reference to it.
//
// Ids count from 0 in the order in which the objects were first seen. While the table has an entry for an object, the
// allocator cannot give its address to another object, so an address that is found denotes the same object. Entries of
// destroyed objects are removed as the table grows: see Note [Sweeping].
//
// Example:
//   IdentityTable<c10::StorageImpl> storages;
//   storages.GetOrAssign(*storage.unsafeGetStorageImpl()).id;
//
//   // Many objects at once. The ids are those of one call after another.
//   std::vector<IdentityTable<c10::StorageImpl>::Item> items = …;
//   storages.GetOrAssign(absl::MakeSpan(items));
//
// Rare state of an object is stored apart, as an `Extra`, which an entry costs only if it has one:
//   tensors.WithExtra(impl, [&](Extra& extra) { extra.facts = …; });
//
// Note [Ids by region]
// The table is a hash table of regions of memory, each of which has a small hash table of the objects in it
// (region_ids.h). Compared with a hash table of objects:
// - An entry takes 8 bytes instead of 16 to 32: the region is the upper part of the address, and the address is the
//   weak reference. At three quarters full or less, an entry takes 11 to 21 bytes.
// - Objects that were created one after another are in the same region: its ids fill a few cache lines, which stay in
//   the cache while they are used, and a run of objects needs one lock and one look-up of the region.
// - Objects in arbitrary order have one cache miss each, because the table of regions stays in the cache.
// - Growing moves at most the ids of one region, or the table of regions, which has one entry for a hundred objects.
//   There is no long stop at any size, so there is no function to reserve room for a model either.
//
// Thread safety: Thread-safe. Threads that use objects in different regions rarely use the same lock. Visitors run
// under a lock: they must not block, call back into the table, or call code of LibTorch or of users. Weak references and
// extras of destroyed objects are destroyed after the lock is released, because a destructor may call such code.
// Lifetime: keeps the memory of each object allocated, but not the object alive.

#ifndef METACONV_DESCRIBER_IDENTITY_TABLE_H_
#define METACONV_DESCRIBER_IDENTITY_TABLE_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "c10/util/intrusive_ptr.h"
#include "describer/identity.h"
#include "describer/region_ids.h"
#include "describer/spin_lock.h"

namespace metaconv {

// For objects without extras.
struct NoExtra {};

// Object: at::TensorImpl or c10::StorageImpl. Extra: default constructible and movable.
template <typename Object, typename Extra = NoExtra>
class IdentityTable {
 public:
  using Item = IdentifiedObject<Object>;

  IdentityTable() = default;
  IdentityTable(const IdentityTable&) = delete;
  IdentityTable& operator=(const IdentityTable&) = delete;

  ~IdentityTable() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (Shard& shard : shards_) {
      shard.ForEach([](Object* object, const IdSlot&) { c10::raw::weak_intrusive_ptr::decref(object); });
    }
  }

  // The identity of a live object, which may have no id.
  Identity Find(const Object& object) {
    Shard& shard = ShardOf(&object);
    const SpinLockHolder holder(&shard.lock);
    ++shard.lookups;
    const IdSlot* slot = shard.Find(&object);
    return slot == nullptr ? Identity() : IdentityOf(*slot);
  }

  // Find for each item.
  void Find(absl::Span<Item> items) {
    ForEachRun(items, [&](absl::Span<Item> run) {
      Shard& shard = ShardOf(run[0].object);
      const SpinLockHolder holder(&shard.lock);
      shard.FindRun(run);
    });
  }

  // The identity of a live object. If it has no id, assigns the next one.
  Identity GetOrAssign(Object& object) {
    return GetOrAssign(object, [](const Extra&) {});
  }

  // As GetOrAssign, and calls visit(const Extra&) if the object has an extra.
  template <typename Visitor>
  Identity GetOrAssign(Object& object, Visitor&& visit) {
    std::unique_ptr<Garbage> garbage;
    Shard& shard = ShardOf(&object);
    const SpinLockHolder holder(&shard.lock);
    garbage = shard.SweepIfDue();
    ++shard.lookups;
    IdSlot& slot = shard.FindOrInsert(RegionFor(shard, object), object);
    if (!slot.has_id()) slot.set_id(TakeIds(1));
    if (slot.has_extra()) visit(std::as_const(shard.extras.find(&object)->second));
    return IdentityOf(slot);
  }

  // An id for an object that nobody can look up later, so that it needs no entry.
  std::int64_t TakeId() { return TakeIds(1); }

  // GetOrAssign for each item. The ids are those of one call after another. An object may be there more than once.
  void GetOrAssign(absl::Span<Item> items) {
    ForEachRun(items, [&](absl::Span<Item> run) {
      std::unique_ptr<Garbage> garbage;
      Shard& shard = ShardOf(run[0].object);
      const SpinLockHolder holder(&shard.lock);
      garbage = shard.SweepIfDue();
      if (const std::size_t missing = shard.FindRun(run); missing > 0) AssignRun(shard, run, missing);
    });
  }

  // Calls visit(Extra&) with the extra of a live object, a new one if it has none. Assigns no id.
  template <typename Visitor>
  void WithExtra(Object& object, Visitor&& visit) {
    std::unique_ptr<Garbage> garbage;
    Shard& shard = ShardOf(&object);
    const SpinLockHolder holder(&shard.lock);
    garbage = shard.SweepIfDue();
    ++shard.lookups;
    shard.extras.reserve(shard.extras.size() + 1);  // If memory runs out, the flag must not be set.
    shard.FindOrInsert(RegionFor(shard, object), object).set_has_extra();
    visit(shard.extras[&object]);
  }

  // The object at `address` if it has the id `id` and is alive; otherwise null.
  c10::intrusive_ptr<Object> Lock(Object* address, std::int64_t id) {
    Shard& shard = ShardOf(address);
    const SpinLockHolder holder(&shard.lock);
    const IdSlot* slot = shard.Find(address);
    if (slot == nullptr || !slot->has_id() || slot->id() != id) return {};
    return c10::intrusive_ptr<Object>::reclaim(c10::raw::weak_intrusive_ptr::lock(address));
  }

  // Calls visit(Object*, id) for each live object with an id, in no particular order. An object that gets its id or is
  // destroyed during the call may or may not be visited.
  template <typename Visitor>
  void VisitAlive(Visitor&& visit) const {
    for (const Shard& shard : shards_) {
      const SpinLockHolder holder(&shard.lock);
      shard.ForEach([&](Object* object, const IdSlot& slot) {
        if (slot.has_id() && !IsDead(object)) visit(object, slot.id());
      });
    }
  }

  std::size_t CountAlive() const {
    std::size_t count = 0;
    VisitAlive([&](Object*, std::int64_t) { ++count; });
    return count;
  }

  // Removes the entries of destroyed objects, and frees their memory.
  void Sweep() {
    for (Shard& shard : shards_) {
      std::unique_ptr<Garbage> garbage;
      const SpinLockHolder holder(&shard.lock);
      garbage = shard.Sweep();
      shard.regions.rehash(0);
      shard.extras.rehash(0);
    }
  }

  // The number of entries, including those of destroyed objects that were not swept yet.
  std::size_t size() const {
    std::size_t sum = 0;
    for (const Shard& shard : shards_) {
      const SpinLockHolder holder(&shard.lock);
      sum += shard.size;
    }
    return sum;
  }

  // The number of look-ups, each object of a span counted.
  std::int64_t lookups() const {
    std::int64_t sum = 0;
    for (const Shard& shard : shards_) {
      const SpinLockHolder holder(&shard.lock);
      sum += shard.lookups;
    }
    return sum;
  }

 private:
  static constexpr int kLogShards = 5;
  static constexpr std::size_t kBlock = 64;      // The number of items that are processed together.
  static constexpr std::int64_t kMostRoom = 64;  // The number of objects that a new region has room for at most.
  static constexpr std::size_t kFirstSweep = 64;
  static constexpr std::size_t kSampleStep = 13;   // One of this many entries is checked,
  static constexpr std::size_t kSampleSize = 32;   // so that about this many are.
  static constexpr std::size_t kMostAliveFor = 8;  // No sweep if at most one of this many is dead.

  static bool IsDead(Object* object) { return c10::raw::weak_intrusive_ptr::use_count(object) == 0; }

  static Identity IdentityOf(const IdSlot& slot) {
    return {.id = slot.has_id() ? slot.id() : Identity::kNoId, .has_extra = slot.has_extra()};
  }

  // What a sweep has removed. Destroyed when no lock is held.
  struct Garbage {
    Garbage() = default;
    Garbage(const Garbage&) = delete;
    Garbage& operator=(const Garbage&) = delete;
    ~Garbage() {
      for (Object* object : objects) c10::raw::weak_intrusive_ptr::decref(object);
    }

    std::vector<Object*> objects;
    std::vector<Extra> extras;
  };

  struct alignas(64) Shard {  // Aligned, so that no two locks share a cache line.
    mutable SpinLock lock;
    std::int64_t lookups ABSL_GUARDED_BY(lock) = 0;
    std::size_t size ABSL_GUARDED_BY(lock) = 0;
    std::size_t sweep_at ABSL_GUARDED_BY(lock) = kFirstSweep;
    absl::flat_hash_map<std::uintptr_t, RegionIds> regions ABSL_GUARDED_BY(lock);
    // Only of objects whose slot says so.
    absl::flat_hash_map<const Object*, Extra> extras ABSL_GUARDED_BY(lock);

    IdSlot* Find(const Object* object) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock) {
      const auto found = regions.find(RegionIds::RegionOf(object));
      return found == regions.end() ? nullptr : found->second.Find(RegionIds::PlaceOf(object));
    }

    // `region`: that of the object.
    IdSlot& FindOrInsert(RegionIds& region, Object& object) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock) {
      IdSlot& slot = region.FindOrInsert(RegionIds::PlaceOf(&object));
      if (slot.is_fresh()) {
        c10::raw::weak_intrusive_ptr::incref(&object);
        ++size;
      }
      return slot;
    }

    // Returns the number of items without an id.
    std::size_t FindRun(absl::Span<Item> run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock) {
      lookups += static_cast<std::int64_t>(run.size());
      const auto found = regions.find(RegionIds::RegionOf(run[0].object));
      if (found == regions.end()) {
        for (Item& item : run) item.identity = Identity();
        return run.size();
      }
      RegionIds& region = found->second;
      std::size_t missing = 0;
      for (Item& item : run) {
        const IdSlot* slot = region.Find(RegionIds::PlaceOf(item.object));
        item.identity = slot == nullptr ? Identity() : IdentityOf(*slot);
        missing += item.identity.id == Identity::kNoId;
      }
      return missing;
    }

    // Calls visit(Object*, slot) for each entry.
    template <typename Visitor>
    void ForEach(Visitor&& visit) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock) {
      for (const auto& [region, ids] : regions) {
        const auto object = [base = region](const IdSlot& slot) {
          return reinterpret_cast<Object*>(RegionIds::AddressOf(base, slot.place()));
        };
        ids.ForEach([&](const IdSlot& slot) { __builtin_prefetch(object(slot)); },
                    [&](const IdSlot& slot) { visit(object(slot), slot); });
      }
    }

    // Note [Sweeping]
    // Objects are destroyed without notification, so a shard that has doubled in size checks for entries of destroyed
    // objects. A check reads the object, which is not in a cache by now. While a large model is described and all
    // objects are alive, checking each of them would cost more than all other work of the table, so a sample is checked
    // first. The cost is constant per insertion (amortized), and the number of entries stays close to twice the number
    // of live ones or below.
    std::unique_ptr<Garbage> SweepIfDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock) {
      if (size < sweep_at) return nullptr;
      std::size_t asked = 0;
      std::size_t dead = 0;
      const std::size_t step = std::max(kSampleStep, size / kSampleSize);
      // Starts at a different entry each time, so that a periodic pattern of dead entries cannot evade all samples.
      std::size_t until_next = static_cast<std::size_t>(lookups) % step;
      for (const auto& [region, ids] : regions) {
        ids.ForEach([](const IdSlot&) {},
                    [&, base = region](const IdSlot& slot) {
                      if (until_next-- > 0) return;
                      until_next = step - 1;
                      ++asked;
                      dead += IsDead(reinterpret_cast<Object*>(RegionIds::AddressOf(base, slot.place())));
                    });
      }
      if (dead * kMostAliveFor > asked) return Sweep();
      sweep_at = 2 * size;
      return nullptr;
    }

    std::unique_ptr<Garbage> Sweep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock) {
      auto garbage = std::make_unique<Garbage>();
      for (auto it = regions.begin(); it != regions.end();) {
        const auto here = it++;
        const auto object = [base = here->first](const IdSlot& slot) {
          return reinterpret_cast<Object*>(RegionIds::AddressOf(base, slot.place()));
        };
        here->second.RemoveIf([&](const IdSlot& slot) { __builtin_prefetch(object(slot)); },
                              [&](const IdSlot& slot) ABSL_NO_THREAD_SAFETY_ANALYSIS {
                                Object* const address = object(slot);
                                if (!IsDead(address)) return false;
                                garbage->objects.push_back(address);
                                if (slot.has_extra()) MoveExtra(address, *garbage);
                                return true;
                              });
        if (here->second.size() == 0) regions.erase(here);
      }
      size -= garbage->objects.size();
      sweep_at = std::max(kFirstSweep, 2 * size);
      return garbage;
    }

    void MoveExtra(Object* object, Garbage& garbage) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock) {
      const auto found = extras.find(object);
      garbage.extras.push_back(std::move(found->second));
      extras.erase(found);
    }
  };

  // Calls use(run) for successive runs of items in the same region.
  template <typename Use>
  void ForEachRun(absl::Span<Item> items, Use&& use) {
    for (; !items.empty(); items.remove_prefix(std::min(items.size(), kBlock))) {
      const absl::Span<Item> block = items.first(std::min(items.size(), kBlock));
      if (IsScattered(block)) PrefetchSlots(block);
      for (std::size_t begin = 0, end; begin < block.size(); begin = end) {
        end = begin + 1;
        while (end < block.size() && AreNeighbours(block[begin], block[end])) ++end;
        use(block.subspan(begin, end - begin));
      }
    }
  }

  static bool AreNeighbours(const Item& a, const Item& b) {
    return RegionIds::RegionOf(a.object) == RegionIds::RegionOf(b.object);
  }

  // Whether most items are in another region than the one before.
  static bool IsScattered(absl::Span<const Item> items) {
    std::size_t jumps = 0;
    for (std::size_t i = 1; i < items.size(); ++i) jumps += !AreNeighbours(items[i - 1], items[i]);
    return jumps > items.size() / 2;
  }

  // In scattered order, each look-up waits for main memory, because a lock orders it after the one before. This loads
  // the slots of many items at the same time. The second lock costs less than that.
  void PrefetchSlots(absl::Span<const Item> items) {
    for (const Item& item : items) {
      Shard& shard = ShardOf(item.object);
      const SpinLockHolder holder(&shard.lock);
      const auto found = shard.regions.find(RegionIds::RegionOf(item.object));
      if (found != shard.regions.end()) found->second.Prefetch(RegionIds::PlaceOf(item.object));
    }
  }

  // A table that grows from one slot is allocated six times until it has a hundred objects. Therefore, a new region gets
  // room for as many objects as the average region so far, within limits.
  RegionIds& RegionFor(Shard& shard, const Object& object) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.lock) {
    const auto [found, is_new] = shard.regions.try_emplace(RegionIds::RegionOf(&object));
    if (is_new) {
      const std::int64_t regions = regions_made_.fetch_add(1, std::memory_order_relaxed) + 1;
      const std::int64_t average = next_id_.load(std::memory_order_relaxed) / regions;
      found->second.Reserve(static_cast<std::size_t>(std::min<std::int64_t>(average, kMostRoom)));
    }
    return found->second;
  }

  // Assigns ids to the items without one, of which there are `missing`.
  void AssignRun(Shard& shard, absl::Span<Item> run, std::size_t missing) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.lock) {
    RegionIds& region = RegionFor(shard, *run[0].object);
    region.Reserve(missing);  // From here on, slots do not move.
    // First, new slots have their number among the new ones in the place of the id. An object that is in the run twice
    // then finds its number the second time.
    std::array<IdSlot*, kBlock> fresh;
    std::array<Item*, kBlock> items;
    std::size_t fresh_count = 0;
    std::size_t item_count = 0;
    for (Item& item : run) {
      if (item.identity.id != Identity::kNoId) continue;
      IdSlot& slot = shard.FindOrInsert(region, *item.object);
      if (!slot.has_id()) {
        slot.set_id(static_cast<std::int64_t>(fresh_count));
        fresh[fresh_count++] = &slot;
      }
      item.identity = IdentityOf(slot);
      items[item_count++] = &item;
    }
    const std::int64_t first = TakeIds(static_cast<std::int64_t>(fresh_count));
    for (std::size_t i = 0; i < fresh_count; ++i) fresh[i]->set_id(first + static_cast<std::int64_t>(i));
    for (std::size_t i = 0; i < item_count; ++i) items[i]->identity.id += first;
  }

  // Called under the lock of the entries that get the ids, if there are entries, so an id that was taken is never lost.
  // Relaxed: the counter publishes no other data.
  std::int64_t TakeIds(std::int64_t count) { return next_id_.fetch_add(count, std::memory_order_relaxed); }

  static std::size_t ShardIndex(const Object* object) {
    // Fibonacci hashing: the upper bits of the product differ for neighbouring regions.
    return RegionIds::RegionOf(object) * 0x9E3779B97F4A7C15u >> (64 - kLogShards);
  }
  Shard& ShardOf(const Object* object) { return shards_[ShardIndex(object)]; }

  std::array<Shard, 1 << kLogShards> shards_;
  std::atomic<std::int64_t> regions_made_ = 0;
  // In a cache line of its own: every thread that assigns ids changes it.
  alignas(64) std::atomic<std::int64_t> next_id_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_IDENTITY_TABLE_H_
