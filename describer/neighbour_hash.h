// NeighbourHash: a hash for ids and addresses that preserves locality.
//
// Tensors are mostly used in the order in which they were created: with consecutive ids, and at addresses that are a
// few hundred bytes apart. With a hash that scatters them, each look-up in a large table misses the cache and the TLB.
// This hash maps small ids to consecutive positions, and the objects of one block of memory to adjacent positions;
// blocks are scattered.
//
// It relies on absl::flat_hash_map using the upper 57 bits of the hash for the position and the lower 7 bits to
// distinguish entries. With another implementation look-ups are still correct, but slower.
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

// Fibonacci hashing: multiplying by 2^64 / golden ratio moves differences between neighbours to the upper bits.
inline std::uint64_t Spread(std::uint64_t bits) { return bits * 0x9E3779B97F4A7C15u; }

// A hash with `position` in the upper 57 bits, and 7 bits that distinguish `bits` from other keys at that position.
inline std::size_t HashAt(std::uint64_t position, std::uint64_t bits) { return position << 7 | Spread(bits) >> 57; }

}  // namespace internal

template <typename Key>
struct NeighbourHash;

template <>
struct NeighbourHash<std::int64_t> {
  // Ids are consecutive, so they fill a table without collisions. Values of 2^32 or more were not assigned by a
  // describer; they are scattered.
  std::size_t operator()(std::int64_t id) const {
    const auto bits = static_cast<std::uint64_t>(id);
    return internal::HashAt(bits >> 32 == 0 ? bits >> kLogShards : absl::HashOf(bits), bits);
  }

  // Puts neighbours into different shards, so that threads that convert different tensors rarely contend for one lock.
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

  // Puts objects at nearby addresses into one shard, so that the lock stays in the cache of the thread that uses them.
  static std::size_t Shard(const T* object) {
    return internal::Spread(reinterpret_cast<std::uintptr_t>(object) >> kLogRegion) >> (64 - kLogShards);
  }

  static constexpr int kLogShards = 4;
  static constexpr int kLogBlock = 14;  // The entries of one block fit into a page.
  static constexpr int kLogObject = 8;  // Log2 of LibTorch's allocation for a tensor, rounded.
  static constexpr std::uintptr_t kInBlock = (1 << (kLogBlock - kLogObject)) - 1;
  static constexpr int kLogRegion = 16;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_NEIGHBOUR_HASH_H_
