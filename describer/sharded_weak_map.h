// ShardedWeakMap: a hash map for many threads whose entries know when they are dead.
//
// The tables of the describer (object -> id) and of the converter (id -> object) hold weak references, so entries die
// without notice. Each shard throws its dead ones out when it has doubled since it last did: constant amortized time
// per insertion, and never more than about twice as many entries as are alive.
//
// Example:
//   struct Entry { c10::weak_intrusive_ptr<c10::TensorImpl> object; bool IsDead() const { return object.expired(); } };
//   ShardedWeakMap<MetaTensorId, Entry> memo;
//   memo.Visit(7, [&](Entry& entry) { … });      // Makes the entry if there is none.
//   memo.VisitIfPresent(7, [&](Entry& entry) { … });
//
// Thread safety: Thread-safe. A visitor runs under its shard's lock: it must not block, call back into the map, or run
// code that is not ours. Dead entries are destroyed after the lock is released.
// Lifetime: keeps alive what its entries keep alive.

#ifndef METACONV_DESCRIBER_SHARDED_WEAK_MAP_H_
#define METACONV_DESCRIBER_SHARDED_WEAK_MAP_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"

namespace metaconv {

// Key: an integer or a pointer. Entry: default constructible, movable, with `bool IsDead() const`.
template <typename Key, typename Entry>
class ShardedWeakMap {
 public:
  // Calls visit(Entry&) with the entry for `key`, a fresh one if there was none.
  template <typename Visitor>
  void Visit(const Key& key, Visitor&& visit) {
    std::vector<Entry> dead;
    Shard& shard = ShardOf(key);
    std::lock_guard<std::mutex> lock(shard.mutex);
    if (shard.map.size() >= shard.sweep_at) dead = shard.Sweep();
    visit(shard.map[key]);
  }

  // Calls visit(Entry&) if there is an entry for `key`.
  template <typename Visitor>
  void VisitIfPresent(const Key& key, Visitor&& visit) {
    Shard& shard = ShardOf(key);
    std::lock_guard<std::mutex> lock(shard.mutex);
    if (auto it = shard.map.find(key); it != shard.map.end()) visit(it->second);
  }

  // Entries, dead ones that were not swept yet included.
  std::size_t size() const {
    std::size_t size = 0;
    for (const Shard& shard : shards_) {
      std::lock_guard<std::mutex> lock(shard.mutex);
      size += shard.map.size();
    }
    return size;
  }

 private:
  static constexpr int kLogShards = 4;  // Shards well above the number of threads that meet here.
  static constexpr std::size_t kFirstSweep = 64;

  struct alignas(64) Shard {  // A cache line each, so that the locks do not share one.
    mutable std::mutex mutex;
    absl::flat_hash_map<Key, Entry> map ABSL_GUARDED_BY(mutex);
    std::size_t sweep_at ABSL_GUARDED_BY(mutex) = kFirstSweep;

    std::vector<Entry> Sweep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
      std::vector<Entry> dead;
      for (auto it = map.begin(); it != map.end();) {
        const auto here = it++;
        if (!here->second.IsDead()) continue;
        dead.push_back(std::move(here->second));
        map.erase(here);
      }
      sweep_at = std::max(kFirstSweep, 2 * map.size());
      return dead;
    }
  };

  // Fibonacci hashing: the high bits of a product with 2^64 / golden ratio spread ids and addresses alike. The shard's
  // own map hashes again, better; this need only keep threads apart.
  Shard& ShardOf(const Key& key) {
    std::uint64_t bits;
    if constexpr (std::is_pointer_v<Key>) {
      bits = reinterpret_cast<std::uintptr_t>(key) >> 4;
    } else {
      bits = static_cast<std::uint64_t>(key);
    }
    return shards_[(bits * 0x9E3779B97F4A7C15u) >> (64 - kLogShards)];
  }

  std::array<Shard, 1 << kLogShards> shards_;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_SHARDED_WEAK_MAP_H_
