#include "describer/identity_table.h"

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "c10/util/intrusive_ptr.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/run_threads.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;

struct Object : c10::intrusive_ptr_target {
  explicit Object(std::function<void()> on_destruction = nullptr) : on_destruction(std::move(on_destruction)) {}
  ~Object() override {
    if (on_destruction) on_destruction();
  }

  std::function<void()> on_destruction;
};

struct Extra {
  int value = 0;
  std::shared_ptr<int> resource;
};

using Table = IdentityTable<Object, Extra>;
using Objects = std::vector<c10::intrusive_ptr<Object>>;

Objects MakeObjects(std::size_t count) {
  Objects objects;
  for (std::size_t i = 0; i < count; ++i) objects.push_back(c10::make_intrusive<Object>());
  return objects;
}

std::vector<Table::Item> ItemsOf(const Objects& objects) {
  std::vector<Table::Item> items;
  for (const auto& object : objects) items.push_back({object.get()});
  return items;
}

std::vector<std::int64_t> IdsOf(const std::vector<Table::Item>& items) {
  std::vector<std::int64_t> ids;
  for (const Table::Item& item : items) ids.push_back(item.identity.id);
  return ids;
}

TEST(IdentityTableTest, IdsCountInTheOrderOfFirstSight) {
  Table table;
  const Objects objects = MakeObjects(1000);
  for (std::int64_t i = 0; i < 1000; ++i) {
    EXPECT_FALSE(table.Find(*objects[i]).has_id());
    EXPECT_EQ(table.GetOrAssign(*objects[i]).id, i);
    EXPECT_EQ(table.GetOrAssign(*objects[i / 2]).id, i / 2);
    EXPECT_EQ(table.Find(*objects[i]).id, i);
  }
  EXPECT_EQ(table.size(), 1000);
}

// Describes the same random spans by one call each and object by object.
TEST(IdentityTableTest, ASpanGetsTheIdsOfSingleCalls) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    const Objects objects = MakeObjects(2000);
    Table at_once;
    Table one_by_one;
    for (int round = 0; round < 40; ++round) {
      Objects span;
      const std::size_t size = random() % 200;
      const std::size_t begin = random() % objects.size();
      const bool in_order = random() % 2 == 0;
      for (std::size_t i = 0; i < size; ++i) {
        span.push_back(objects[in_order ? (begin + i - i % 3) % objects.size() : random() % objects.size()]);
      }
      if (size > 0 && random() % 2 == 0) {
        for (Table* table : {&at_once, &one_by_one})
          table->WithExtra(*span[size / 2], [](Extra& extra) { extra = {}; });
      }
      std::vector<Table::Item> items = ItemsOf(span);
      at_once.Find(absl::MakeSpan(items));
      for (const Table::Item& item : items) EXPECT_EQ(item.identity.id, one_by_one.Find(*item.object).id);
      at_once.GetOrAssign(absl::MakeSpan(items));
      for (const Table::Item& item : items) {
        const Identity identity = one_by_one.GetOrAssign(*item.object);
        ASSERT_EQ(item.identity.id, identity.id);
        ASSERT_EQ(item.identity.has_extra, identity.has_extra);
        ASSERT_EQ(at_once.Find(*item.object).id, identity.id);
      }
    }
    EXPECT_EQ(at_once.size(), one_by_one.size());
  }
}

TEST(IdentityTableTest, AnExtraNeedsNoId) {
  Table table;
  const Objects objects = MakeObjects(2);
  table.WithExtra(*objects[0], [](Extra& extra) { extra.value = 7; });
  EXPECT_FALSE(table.Find(*objects[0]).has_id());
  EXPECT_TRUE(table.Find(*objects[0]).has_extra);
  EXPECT_EQ(table.CountAlive(), 0);
  EXPECT_EQ(table.size(), 1);
  EXPECT_EQ(table.GetOrAssign(*objects[1]).id, 0);
  int seen = 0;
  const auto see = [&](const Extra& extra) { seen = extra.value; };
  EXPECT_EQ(table.GetOrAssign(*objects[1], see).id, 0);
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(table.GetOrAssign(*objects[0], see).id, 1);
  EXPECT_EQ(seen, 7);
  table.WithExtra(*objects[0], [](Extra& extra) { EXPECT_EQ(extra.value, 7); });
  EXPECT_EQ(table.CountAlive(), 2);
}

TEST(IdentityTableTest, ObjectsAreNotKeptAlive) {
  Table table;
  bool destroyed = false;
  Objects objects = MakeObjects(1);
  const auto resource = std::make_shared<int>(0);
  objects[0]->on_destruction = [&] { destroyed = true; };
  Object* const address = objects[0].get();
  table.WithExtra(*address, [&](Extra& extra) { extra.resource = resource; });
  table.GetOrAssign(*address);
  EXPECT_EQ(table.Lock(address, 0), objects[0]);
  EXPECT_EQ(table.Lock(address, 1), nullptr);
  objects.clear();
  EXPECT_FALSE(destroyed);  // The destructor runs with the last weak reference.
  EXPECT_EQ(table.Lock(address, 0), nullptr);
  EXPECT_EQ(table.CountAlive(), 0);
  EXPECT_EQ(table.size(), 1);
  table.Sweep();
  EXPECT_TRUE(destroyed);
  EXPECT_EQ(resource.use_count(), 1);
  EXPECT_EQ(table.size(), 0);
}

TEST(IdentityTableTest, TheTableReleasesItsReferences) {
  int destroyed = 0;
  {
    Table table;
    for (int i = 0; i < 100; ++i) table.GetOrAssign(*c10::make_intrusive<Object>([&] { ++destroyed; }));
  }
  EXPECT_EQ(destroyed, 100);
}

TEST(IdentityTableTest, IdsAreNotGivenToNewObjectsAtOldAddresses) {
  Table table;
  std::set<std::int64_t> ids;
  for (int round = 0; round < 50; ++round) {
    const Objects objects = MakeObjects(100);
    std::vector<Table::Item> items = ItemsOf(objects);
    table.GetOrAssign(absl::MakeSpan(items));
    for (const Table::Item& item : items) ids.insert(item.identity.id);
    if (round % 2 == 1) table.Sweep();
  }
  EXPECT_EQ(ids.size(), 5000);
  EXPECT_EQ(*ids.rbegin(), 4999);
}

TEST(IdentityTableTest, EntriesOfDestroyedObjectsAreSweptAsTheTableGrows) {
  for (const std::size_t period : {2, 13, 16, 26, 208, 100'000}) {
    Table table;
    Objects alive;
    for (std::size_t i = 0; i < 100'000; ++i) {
      auto object = c10::make_intrusive<Object>();
      table.GetOrAssign(*object);
      if (i % period == 0) alive.push_back(std::move(object));
    }
    EXPECT_LE(table.size(), 32 * 64 + 3 * alive.size()) << period;
    EXPECT_EQ(table.CountAlive(), alive.size());
    for (std::size_t i = 0; i < alive.size(); ++i) EXPECT_EQ(table.Find(*alive[i]).id, i * period);
  }
}

TEST(IdentityTableTest, SpansSweepToo) {
  Table table;
  for (int round = 0; round < 2000; ++round) {
    const Objects objects = MakeObjects(64);
    std::vector<Table::Item> items = ItemsOf(objects);
    table.GetOrAssign(absl::MakeSpan(items));
  }
  EXPECT_LE(table.size(), 32 * 2 * 64);
}

// The destructors use the table, which would deadlock if a shard were locked.
TEST(IdentityTableTest, ObjectsAndExtrasAreDestroyedWithoutALock) {
  struct Reentrant {
    explicit Reentrant(Table* table) : table(table) {}
    ~Reentrant() { table->size(); }
    Table* table;
  };
  Table table;
  for (int i = 0; i < 10'000; ++i) {
    const auto object = c10::make_intrusive<Object>([&] { table.size(); });
    const auto resource = std::make_shared<Reentrant>(&table);
    table.WithExtra(*object, [&](Extra& extra) { extra.resource = std::shared_ptr<int>(resource, &extra.value); });
    table.GetOrAssign(*object);
  }
  EXPECT_LE(table.size(), 32 * 64);
  table.Sweep();
  EXPECT_EQ(table.size(), 0);
}

TEST(IdentityTableTest, VisitsLiveObjectsWithAnId) {
  Table table;
  Objects objects = MakeObjects(100);
  for (const auto& object : objects) table.GetOrAssign(*object);
  for (std::size_t i = 0; i < 100; ++i) {
    if (i % 10 != 0) objects[i].reset();
  }
  std::vector<std::int64_t> ids;
  table.VisitAlive([&](Object* object, std::int64_t id) {
    EXPECT_EQ(object, objects[static_cast<std::size_t>(id)].get());
    ids.push_back(id);
  });
  std::sort(ids.begin(), ids.end());
  EXPECT_THAT(ids, ElementsAre(0, 10, 20, 30, 40, 50, 60, 70, 80, 90));
}

TEST(IdentityTableTest, CountsLookups) {
  Table table;
  const Objects objects = MakeObjects(10);
  std::vector<Table::Item> items = ItemsOf(objects);
  table.GetOrAssign(absl::MakeSpan(items));
  EXPECT_EQ(table.lookups(), 10);
  table.Find(absl::MakeSpan(items));
  EXPECT_EQ(table.lookups(), 20);
  table.GetOrAssign(*objects[0]);
  table.Find(*objects[0]);
  table.WithExtra(*objects[0], [](Extra&) {});
  EXPECT_EQ(table.lookups(), 23);
}

// In each round, all threads ask for overlapping spans of the same new objects at once.
TEST(IdentityTableTest, ThreadsGiveEachObjectOneIdWithoutGaps) {
  constexpr int kThreads = 8;
  constexpr std::size_t kObjects = 300;
  constexpr int kRounds = 20;
  Table table;
  Objects objects;
  std::vector<std::vector<std::int64_t>> ids(kThreads);
  std::set<std::int64_t> all;
  std::barrier step(kThreads);
  RunThreads(kThreads, [&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      if (thread == 0) objects = MakeObjects(kObjects);
      step.arrive_and_wait();
      Objects mine = objects;
      if (thread % 2 == 1) std::reverse(mine.begin(), mine.end());
      std::vector<Table::Item> items = ItemsOf(mine);
      if (thread % 4 < 2) {
        table.GetOrAssign(absl::MakeSpan(items));
      } else {
        for (Table::Item& item : items) item.identity = table.GetOrAssign(*item.object);
      }
      if (thread == round % kThreads) table.Sweep();
      ids[thread] = IdsOf(items);
      if (thread % 2 == 1) std::reverse(ids[thread].begin(), ids[thread].end());
      step.arrive_and_wait();
      if (thread != 0) continue;
      for (const std::vector<std::int64_t>& some : ids) EXPECT_EQ(some, ids[0]);
      all.insert(ids[0].begin(), ids[0].end());
    }
  });
  EXPECT_EQ(all.size(), kRounds * kObjects);
  EXPECT_EQ(*all.begin(), 0);
  EXPECT_EQ(*all.rbegin(), kRounds * kObjects - 1);
}

}  // namespace
}  // namespace metaconv
