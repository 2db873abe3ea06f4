#include "describer/sharded_weak_map.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/run_threads.h"

namespace metaconv {
namespace {

struct Entry {
  std::weak_ptr<int> object;
  bool used = false;
  int visits = 0;

  bool IsAlive() const { return used && !object.expired(); }
  bool IsDead() const { return used && object.expired(); }
  void Prefetch() const {}
};

using Map = ShardedWeakMap<std::int64_t, Entry>;

void Put(Map& map, std::int64_t key, const std::shared_ptr<int>& object) {
  map.Visit(key, [&](Entry& entry) {
    entry.object = object;
    entry.used = true;
  });
}

TEST(ShardedWeakMapTest, VisitCreatesAnEntryOnce) {
  Map map;
  bool visited = false;
  map.VisitIfPresent(7, [&](Entry&) { visited = true; });
  EXPECT_FALSE(visited);
  EXPECT_EQ(map.size(), 0);
  map.Visit(7, [](Entry& entry) { ++entry.visits; });
  map.Visit(7, [](Entry& entry) { ++entry.visits; });
  map.VisitIfPresent(7, [&](Entry& entry) { visited = entry.visits == 2; });
  EXPECT_TRUE(visited);
  EXPECT_EQ(map.size(), 1);
}

TEST(ShardedWeakMapTest, DeadEntriesAreSweptAndLiveOnesStay) {
  Map map;
  std::vector<std::shared_ptr<int>> alive;
  for (std::int64_t key = 0; key < 100'000; ++key) {
    auto object = std::make_shared<int>(static_cast<int>(key));
    Put(map, key, object);
    if (key % 100 == 0) alive.push_back(object);
    EXPECT_LE(map.size(), 32 * 64 + 2 * alive.size());
  }
  for (const std::shared_ptr<int>& object : alive) {
    std::shared_ptr<int> found;
    map.VisitIfPresent(*object, [&](Entry& entry) { found = entry.object.lock(); });
    EXPECT_EQ(found, object);
  }
}

// A sweep spends its time on checking whether entries are dead.
struct Asked {
  static inline std::int64_t times = 0;
  bool IsDead() const {
    ++times;
    return false;
  }
  void Prefetch() const {}
};

TEST(ShardedWeakMapTest, FewEntriesAreCheckedIfNoneIsDead) {
  constexpr std::int64_t kKeys = 100'000;
  ShardedWeakMap<std::int64_t, Asked> map;
  for (std::int64_t key = 0; key < kKeys; ++key) map.Visit(key, [](Asked&) {});
  EXPECT_GT(Asked::times, 0);
  EXPECT_LT(Asked::times, kKeys / 5);
}

// One in `period` consecutive entries is alive, which could coincide with a period of the sampling.
TEST(ShardedWeakMapTest, PeriodicEntriesDoNotPreventSweeps) {
  for (const int period : {2, 13, 16, 26, 208}) {
    Map map;
    std::vector<std::shared_ptr<int>> alive;
    for (std::int64_t key = 0; key < 200'000; ++key) {
      auto object = std::make_shared<int>(0);
      Put(map, key, object);
      if (key % period == 0) alive.push_back(object);
    }
    EXPECT_LE(map.size(), 32 * 64 + 3 * alive.size()) << period;
  }
}

TEST(ShardedWeakMapTest, SweepRemovesAllDeadEntries) {
  Map map;
  const auto alive = std::make_shared<int>(0);
  for (std::int64_t key = 0; key < 1000; ++key) Put(map, key, key % 10 == 0 ? alive : std::make_shared<int>(1));
  map.Sweep();
  EXPECT_EQ(map.size(), 100);
  for (std::int64_t key = 0; key < 1000; ++key) {
    bool is_there = false;
    map.VisitIfPresent(key, [&](Entry&) { is_there = true; });
    EXPECT_EQ(is_there, key % 10 == 0) << key;
  }
}

TEST(ShardedWeakMapTest, VisitsAndCountsLiveEntries) {
  Map map;
  EXPECT_EQ(map.CountAlive(), 0);
  const auto alive = std::make_shared<int>(0);
  for (std::int64_t key = 0; key < 1000; ++key) Put(map, key, key % 10 == 0 ? alive : std::make_shared<int>(1));
  for (std::int64_t key = 1000; key < 1100; ++key) map.Visit(key, [](Entry&) {});  // These entries have no object.
  EXPECT_EQ(map.CountAlive(), 100);
  std::vector<std::int64_t> keys;
  map.VisitAlive([&](std::int64_t key, const Entry& entry) {
    EXPECT_EQ(entry.object.lock(), alive);
    keys.push_back(key);
  });
  std::sort(keys.begin(), keys.end());
  ASSERT_EQ(keys.size(), 100);
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(keys[i], 10 * i);
}

TEST(ShardedWeakMapTest, CountsLookups) {
  Map map;
  map.Visit(1, [](Entry&) {});
  map.VisitIfPresent(1, [](Entry&) {});
  map.VisitIfPresent(2, [](Entry&) {});
  EXPECT_EQ(map.lookups(), 3);
}

// Accesses its own map in the destructor, which would deadlock if the shard were still locked.
struct Reentrant {
  const ShardedWeakMap<std::int64_t, Reentrant>* map = nullptr;

  Reentrant() = default;
  Reentrant(Reentrant&& other) noexcept : map(std::exchange(other.map, nullptr)) {}
  Reentrant& operator=(Reentrant&&) = delete;
  ~Reentrant() {
    if (map != nullptr) map->size();
  }

  bool IsDead() const { return map != nullptr; }
  void Prefetch() const {}
};

TEST(ShardedWeakMapTest, DeadEntriesAreDestroyedWithoutTheLock) {
  auto* map = new ShardedWeakMap<std::int64_t, Reentrant>();
  for (std::int64_t key = 0; key < 10'000; ++key) map->Visit(key, [&](Reentrant& entry) { entry.map = map; });
  EXPECT_LT(map->size(), 32 * 64);
  for (std::int64_t key = 0; key < 10'000; ++key)
    map->VisitIfPresent(key, [](Reentrant& entry) { entry.map = nullptr; });
  delete map;
}

TEST(ShardedWeakMapTest, ManyThreads) {
  constexpr int kThreads = 8;
  constexpr int kKeys = 5000;
  Map map;
  RunThreads(kThreads, [&](int thread) {
    for (std::int64_t i = 0; i < kKeys; ++i) {
      map.Visit(i, [](Entry& entry) { ++entry.visits; });                      // This entry is always alive.
      Put(map, kKeys + i * kThreads + thread, std::make_shared<int>(thread));  // This entry is dead immediately.
    }
  });
  for (std::int64_t key = 0; key < kKeys; ++key) {
    int visits = 0;
    map.VisitIfPresent(key, [&](Entry& entry) { visits = entry.visits; });
    ASSERT_EQ(visits, kThreads);
  }
  EXPECT_LT(map.size(), 4 * kKeys);
}

}  // namespace
}  // namespace metaconv
