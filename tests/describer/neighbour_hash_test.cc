#include "describer/neighbour_hash.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

using IdHash = NeighbourHash<std::int64_t>;
using AddressHash = NeighbourHash<const char*>;

std::size_t Position(std::size_t hash) { return hash >> 7; }

TEST(NeighbourHashTest, DenseIdsFillEachShardWithoutGaps) {
  constexpr std::int64_t kIds = 1000 << IdHash::kLogShards;
  std::vector<std::set<std::size_t>> positions(1 << IdHash::kLogShards);
  for (std::int64_t id = 0; id < kIds; ++id) positions[IdHash::Shard(id)].insert(Position(IdHash()(id)));
  for (const std::set<std::size_t>& shard : positions) {
    EXPECT_EQ(shard.size(), 1000);
    EXPECT_EQ(*shard.rbegin(), 999);
  }
}

TEST(NeighbourHashTest, ObjectsOfABlockAreAdjacent) {
  constexpr std::ptrdiff_t kBlock = 1 << AddressHash::kLogBlock;
  constexpr std::ptrdiff_t kObject = 1 << AddressHash::kLogObject;
  const char* block = reinterpret_cast<const char*>(std::uintptr_t{0x7f12'3456'0000});
  for (std::ptrdiff_t offset = 0; offset < kBlock; offset += kObject) {
    EXPECT_EQ(AddressHash::Shard(block + offset), AddressHash::Shard(block));
    EXPECT_EQ(Position(AddressHash()(block + offset)), Position(AddressHash()(block)) + offset / kObject);
  }
}

// Keys without the expected locality must not collide: arbitrary ids, and addresses that are far apart.
TEST(NeighbourHashTest, StridesDoNotCollide) {
  constexpr int kCount = 4096;
  for (int log_stride = 32; log_stride < 50; ++log_stride) {
    std::set<std::size_t> ids;
    for (std::int64_t i = 1; i <= kCount; ++i) ids.insert(Position(IdHash()(i << log_stride)) % kCount);
    EXPECT_GT(ids.size(), kCount / 4) << log_stride;
  }
  for (int log_stride = AddressHash::kLogBlock; log_stride < 34; ++log_stride) {
    std::set<std::size_t> addresses;
    for (std::uintptr_t i = 1; i <= kCount; ++i) {
      addresses.insert(Position(AddressHash()(reinterpret_cast<const char*>(i << log_stride))) / 64 % kCount);
    }
    EXPECT_GT(addresses.size(), kCount / 4) << log_stride;
  }
}

TEST(NeighbourHashTest, AMapFindsItsKeys) {
  absl::flat_hash_map<std::int64_t, int, IdHash> map;
  for (int i = 0; i < 10'000; ++i) map[i % 2 == 0 ? i : -i] = i;
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(map.at(i % 2 == 0 ? i : -i), i);
}

}  // namespace
}  // namespace metaconv
