// ShardedWeakMap: a concurrent hash map with weak entries: an entry is dead when its object was destroyed.
//
// The tables of the describer (object -> id) and of the converter (id -> object) hold weak references, so entries die
// without notification. When the size of a shard has doubled, the shard checks a sample of its entries. If enough of
// them are dead, it removes all dead entries. The cost is constant per insertion (amortized), and the number of entries
// stays close to twice the number of live ones or below.
//
// Example:
//   struct Entry {
//     WeakReference<c10::TensorImpl> object;
//     bool IsDead() const { return object.IsDead(); }
//     void Prefetch() const { object.Prefetch(); }
//   };
//   ShardedWeakMap<MetaTensorId, Entry> memo;
//   memo.Visit(7, [&](Entry& entry) { … });      // Creates the entry if there is none.
//   memo.VisitIfPresent(7, [&](Entry& entry) { … });
//
// Thread safety: Thread-safe. A visitor runs under its shard's lock: it must not block, call back into the map, or call
// code of LibTorch or of users. Destroying a reference calls such code, so a visitor that replaces a reference swaps it
// out. Dead entries are destroyed after the lock is released.
// Lifetime: keeps alive what its entries keep alive.

#ifndef METACONV_DESCRIBER_SHARDED_WEAK_MAP_H_
#define METACONV_DESCRIBER_SHARDED_WEAK_MAP_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "describer/neighbour_hash.h"
#include "describer/spin_lock.h"

namespace metaconv {

// Key: std::int64_t or a pointer. Entry: default constructible and movable, with `bool IsDead() const` and `void
// Prefetch() const`, which is called some time before IsDead(). VisitAlive and CountAlive also need `bool IsAlive()
// const`: an entry without an object is neither dead nor alive.
template <typename Key, typename Entry>
class ShardedWeakMap {
 public:
  using key_type = Key;
  using mapped_type = Entry;

  // Calls visit(Entry&) with the entry for `key`, a new one if there was none.
  template <typename Visitor>
  void Visit(const Key& key, Visitor&& visit) {
    std::vector<Entry> dead;
    Shard& shard = ShardOf(key);
    const SpinLockHolder holder(&shard.lock);
    if (shard.map.size() >= shard.sweep_at) {
      dead = shard.SweepIfWorthIt();
    } else if (shard.map.capacity() == 0) {
      shard.map.reserve(kFirstCapacity);
    }
    ++shard.lookups;
    visit(shard.map[key]);
  }

  // Calls visit(Entry&) if there is an entry for `key`.
  template <typename Visitor>
  void VisitIfPresent(const Key& key, Visitor&& visit) {
    Shard& shard = ShardOf(key);
    const SpinLockHolder holder(&shard.lock);
    ++shard.lookups;
    if (auto it = shard.map.find(key); it != shard.map.end()) visit(it->second);
  }

  // Calls visit(key, const Entry&) for each live entry, in no particular order. An entry that is added or dies during
  // the call may or may not be visited.
  template <typename Visitor>
  void VisitAlive(Visitor&& visit) const {
    for (const Shard& shard : shards_) {
      const SpinLockHolder holder(&shard.lock);
      auto ahead = shard.map.begin();
      for (int i = 0; i < kPrefetch && ahead != shard.map.end(); ++i) (ahead++)->second.Prefetch();
      for (const auto& [key, entry] : shard.map) {
        if (ahead != shard.map.end()) (ahead++)->second.Prefetch();
        if (entry.IsAlive()) visit(key, entry);
      }
    }
  }

  // The number of live entries.
  std::size_t CountAlive() const {
    std::size_t count = 0;
    VisitAlive([&](const Key&, const Entry&) { ++count; });
    return count;
  }

  // Removes all dead entries.
  void Sweep() {
    for (Shard& shard : shards_) {
      std::vector<Entry> dead;
      const SpinLockHolder holder(&shard.lock);
      dead = shard.Sweep();
      shard.map.rehash(0);
    }
  }

  // The number of entries, including dead ones that were not swept yet.
  std::size_t size() const {
    return Sum([](const Shard& shard) ABSL_NO_THREAD_SAFETY_ANALYSIS { return shard.map.size(); });
  }

  // The number of calls of Visit and VisitIfPresent.
  std::int64_t lookups() const {
    return Sum([](const Shard& shard) ABSL_NO_THREAD_SAFETY_ANALYSIS { return shard.lookups; });
  }

 private:
  using Hash = NeighbourHash<Key>;
  using Map = absl::flat_hash_map<Key, Entry, Hash>;

  static constexpr std::size_t kFirstCapacity = 28;  // For a table of 31 slots; growing from one costs more.
  static constexpr std::size_t kFirstSweep = 64;
  static constexpr std::size_t kSampleStep = 13;   // One of this many entries is checked.
  static constexpr std::size_t kMostAliveFor = 8;  // No sweep if at most one of this many is dead.
  static constexpr int kPrefetch = 16;             // The number of entries that are prefetched ahead.

  struct alignas(64) Shard {  // Aligned, so that no two locks share a cache line.
    mutable SpinLock lock;
    std::int64_t lookups ABSL_GUARDED_BY(lock) = 0;
    std::size_t sweep_at ABSL_GUARDED_BY(lock) = kFirstSweep;
    Map map ABSL_GUARDED_BY(lock);

    // IsDead() reads the object, which is not in a cache by now. While a large model is converted and all entries are
    // alive, checking each of them would cost more than all other work of the table, so a sample is checked first.
    std::vector<Entry> SweepIfWorthIt() ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock) {
      std::size_t asked = 0;
      std::size_t dead = 0;
      // Starts at a different entry each time, so that a periodic pattern of dead entries cannot evade all samples.
      std::size_t until_next = static_cast<std::size_t>(lookups) % kSampleStep;
      for (const auto& [key, entry] : map) {
        if (until_next-- > 0) continue;
        until_next = kSampleStep - 1;
        ++asked;
        if (entry.IsDead()) ++dead;
      }
      if (dead * kMostAliveFor > asked) return Sweep();
      sweep_at = 2 * map.size();
      return {};
    }

    std::vector<Entry> Sweep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock) {
      std::vector<Entry> dead;
      auto ahead = map.begin();
      for (int i = 0; i < kPrefetch && ahead != map.end(); ++i) (ahead++)->second.Prefetch();
      for (auto it = map.begin(); it != map.end();) {
        if (ahead != map.end()) (ahead++)->second.Prefetch();
        const auto here = it++;
        if (!here->second.IsDead()) continue;
        dead.push_back(std::move(here->second));
        map.erase(here);
      }
      sweep_at = std::max(kFirstSweep, 2 * map.size());
      return dead;
    }
  };

  Shard& ShardOf(const Key& key) { return shards_[Hash::Shard(key)]; }

  template <typename Value>
  auto Sum(Value&& value) const {
    decltype(value(shards_[0])) sum = 0;
    for (const Shard& shard : shards_) {
      const SpinLockHolder holder(&shard.lock);
      sum += value(shard);
    }
    return sum;
  }

  std::array<Shard, 1 << Hash::kLogShards> shards_;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_SHARDED_WEAK_MAP_H_
