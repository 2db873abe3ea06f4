// NeighbourHash: a hash for ids and addresses that keeps neighbours together.
//
// Tensors are mostly met in the order in which they were made: ids one after the other, addresses a few hundred bytes
// apart. A hash that scatters them makes each look-up in a large table a miss in the cache and in the page tables. This
// one places a small id where it says, and the objects of a block of memory side by side, each block anywhere.
//
// It relies on absl::flat_hash_map taking the position in its table from the upper 57 bits and 7 bits more to tell entries
// apart. Where that is otherwise, entries are found all the same, only slower.
//
// Example:
//   absl::flat_hash_map<std::int64_t, Entry, NeighbourHash<std::int64_t>> entries;
//   shards[ShardOf(key, kLogShards)];
//
// Thread safety: pure functions.
// Lifetime: stateless.

#ifndef METACONV_DESCRIBER_NEIGHBOUR_HASH_H_
#define METACONV_DESCRIBER_NEIGHBOUR_HASH_H_

#include <cstddef>
#include <cstdint>

#include "absl/hash/hash.h"

namespace metaconv {
namespace internal {

// Multiplying by 2^64 / golden ratio brings the differences between neighbours to the upper bits.
inline std::uint64_t Spread(std::uint64_t bits) { return bits * 0x9E3779B97F4A7C15u; }

// `position` with 7 bits that tell `bits` from others in its place.
inline std::size_t HashAt(std::uint64_t position, std::uint64_t bits) { return position << 7 | Spread(bits) >> 57; }

}  // namespace internal

template <typename Key>
struct NeighbourHash;

template <>
struct NeighbourHash<std::int64_t> {
  // Ids are dense, so that they fill a table without collisions. What is larger than any number of tensors was not given
  // by a describer, and may be anything.
  std::size_t operator()(std::int64_t id) const {
    const auto bits = static_cast<std::uint64_t>(id);
    return internal::HashAt(bits >> 32 == 0 ? bits >> kLogShards : absl::HashOf(bits), bits);
  }

  // Neighbours in different shards: threads that convert different tensors then rarely wait for each other.
  static std::size_t Shard(std::int64_t id) { return static_cast<std::uint64_t>(id) & ((1 << kLogShards) - 1); }

  static constexpr int kLogShards = 4;
};

template <typename T>
struct NeighbourHash<T*> {
  std::size_t operator()(const T* object) const {
    const auto bits = reinterpret_cast<std::uintptr_t>(object);
    const std::uint64_t block = absl::HashOf(bits >> kLogBlock);
    return internal::HashAt(block << (kLogBlock - kLogObject) | (bits >> kLogObject & kInBlock), bits >> 4);
  }

  // Objects that lie close to each other in one shard, so that a thread that goes through its own finds the lock in its
  // own cache.
  static std::size_t Shard(const T* object) {
    return internal::Spread(reinterpret_cast<std::uintptr_t>(object) >> kLogRegion) >> (64 - kLogShards);
  }

  static constexpr int kLogShards = 4;
  static constexpr int kLogBlock = 14;  // Its entries fill a page or less.
  static constexpr int kLogObject = 8;  // What LibTorch allocates for a tensor, by powers of two.
  static constexpr std::uintptr_t kInBlock = (1 << (kLogBlock - kLogObject)) - 1;
  static constexpr int kLogRegion = 16;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_NEIGHBOUR_HASH_H_
