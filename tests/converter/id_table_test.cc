#include "converter/id_table.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "c10/util/intrusive_ptr.h"
#include "converter/weak_slot.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/run_threads.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

std::atomic<int> objects_in_memory = 0;

struct Object final : c10::intrusive_ptr_target {
  explicit Object(std::int64_t id) : id(id) { ++objects_in_memory; }
  ~Object() override { --objects_in_memory; }

  const std::int64_t id;
};

using Slot = WeakSlot<Object>;
using Strong = c10::intrusive_ptr<Object>;

class Table : public IdTable<Slot> {
 public:
  Strong Get(std::int64_t id) {
    Strong object;
    VisitIfPresent(id, [&](const Slot& slot) { object = slot.Lock(); });
    return object;
  }
  void Set(const Strong& object) {
    auto reference = Slot::Weaken(*object);
    Visit(object->id, [&](Slot& slot) { slot.Exchange(reference); });
    Destroy(std::move(reference));
  }
  std::vector<std::int64_t> AliveIds() const {
    std::vector<std::int64_t> ids;
    ForEachAlive([&](std::int64_t id) { ids.push_back(id); });
    return ids;
  }
};

std::vector<Strong> Fill(Table& table, const std::vector<std::int64_t>& ids) {
  std::vector<Strong> objects;
  for (const std::int64_t id : ids) {
    objects.push_back(c10::make_intrusive<Object>(id));
    table.Set(objects.back());
  }
  return objects;
}

TEST(WeakSlotTest, HoldsAReferenceOrANumber) {
  Slot slot;
  EXPECT_TRUE(slot.IsEmpty());
  EXPECT_FALSE(slot.IsDead());
  Slot::Content content = slot.Load();
  EXPECT_TRUE(slot.CompareExchange(content, Slot::Content::Number(5)));
  EXPECT_FALSE(slot.IsEmpty());
  EXPECT_FALSE(slot.IsDead());
  EXPECT_FALSE(slot.IsAlive());
  EXPECT_FALSE(slot.Lock());
  EXPECT_EQ(slot.Load().number(), 5);
  EXPECT_FALSE(slot.CompareExchange(content, Slot::Content()));
  EXPECT_EQ(content.number(), 5);

  auto object = c10::make_intrusive<Object>(1);
  auto reference = Slot::Weaken(*object);
  EXPECT_FALSE(slot.GetOrSet(reference));
  EXPECT_EQ(reference._unsafe_get_target(), nullptr);
  EXPECT_TRUE(slot.IsAlive());
  EXPECT_EQ(slot.Lock(), object);
  EXPECT_EQ(slot.Load().number(), 0);
  object.reset();
  EXPECT_TRUE(slot.IsDead());
  EXPECT_FALSE(slot.Lock());
  EXPECT_EQ(objects_in_memory, 1);
  slot.Take();
  EXPECT_TRUE(slot.IsEmpty());
  EXPECT_EQ(objects_in_memory, 0);
}

TEST(WeakSlotTest, AFlaggedReferenceIsNotDead) {
  Slot slot;
  {
    const auto object = c10::make_intrusive<Object>(1);
    Slot::Content content;
    EXPECT_TRUE(slot.CompareExchange(content, Slot::Content::Reference(Slot::Weaken(*object).release(), true)));
    EXPECT_EQ(slot.Lock(), object);
  }
  EXPECT_FALSE(slot.IsAlive());
  EXPECT_FALSE(slot.IsDead());
  EXPECT_FALSE(slot.Lock());
}

TEST(IdTableTest, AnyIdIsAllowed) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> ids = {kLeast,
                                         kLeast + 1,
                                         -(std::int64_t{1} << 40),
                                         -129,
                                         -128,
                                         -127,
                                         -1,
                                         0,
                                         1,
                                         127,
                                         128,
                                         1 << 30,
                                         std::int64_t{1} << 32,
                                         std::int64_t{1} << 40,
                                         kGreatest - 1,
                                         kGreatest};
  Table table;
  const std::vector<Strong> objects = Fill(table, ids);
  for (const Strong& object : objects) EXPECT_EQ(table.Get(object->id), object) << object->id;
  for (const std::int64_t id : {kLeast + 2, std::int64_t{-2}, std::int64_t{2}, std::int64_t{1} << 41}) {
    EXPECT_FALSE(table.Get(id)) << id;
  }
  EXPECT_THAT(table.AliveIds(), ElementsAreArray(ids));
  EXPECT_EQ(table.CountAlive(), ids.size());
  EXPECT_EQ(table.size(), ids.size());
}

TEST(IdTableTest, GrowsToAMillionIds) {
  constexpr int kIds = 1'000'000;
  Table table;
  std::vector<Strong> objects;
  objects.reserve(kIds);
  for (int id = 0; id < kIds; ++id) {
    objects.push_back(c10::make_intrusive<Object>(id));
    table.Set(objects.back());
  }
  int wrong = 0;
  for (int id = 0; id < kIds; ++id) wrong += table.Get(id) == objects[id] ? 0 : 1;
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(table.CountAlive(), kIds);
  EXPECT_EQ(table.lookups(), 2 * kIds);
}

TEST(IdTableTest, AnIdCanBeUsedAgain) {
  Table table;
  auto object = c10::make_intrusive<Object>(3);
  table.Set(object);
  object.reset();
  EXPECT_FALSE(table.Get(3));
  object = c10::make_intrusive<Object>(3);
  table.Set(object);
  EXPECT_EQ(table.Get(3), object);
  EXPECT_EQ(objects_in_memory, 1);
  object.reset();
  table.Sweep();
  object = c10::make_intrusive<Object>(3);
  table.Set(object);
  EXPECT_EQ(table.Get(3), object);
}

TEST(IdTableTest, SweepRemovesOnlyDeadObjects) {
  Table table;
  std::vector<std::int64_t> ids;
  for (std::int64_t id = -500; id < 2000; ++id) ids.push_back(id);
  std::vector<Strong> objects = Fill(table, ids);
  std::vector<std::int64_t> kept;
  for (Strong& object : objects) {
    if (object->id % 300 == 0) {
      kept.push_back(object->id);
    } else {
      object.reset();
    }
  }
  EXPECT_EQ(objects_in_memory, ids.size());
  table.Sweep();
  EXPECT_EQ(objects_in_memory, kept.size());
  EXPECT_EQ(table.size(), kept.size());
  EXPECT_THAT(table.AliveIds(), ElementsAreArray(kept));
}

TEST(IdTableTest, PagesAreFreedWhenTheirObjectsAreDead) {
  constexpr std::int64_t kIds = 100'000;
  Table table;
  EXPECT_EQ(table.page_count(), 0);
  {
    std::vector<Strong> objects;
    for (std::int64_t id = 0; id < kIds; ++id) {
      objects.push_back(c10::make_intrusive<Object>(id));
      table.Set(objects.back());
    }
    EXPECT_LE(table.page_count(), kIds / Table::kPageSlots + 1);
    table.Sweep();
    EXPECT_EQ(table.CountAlive(), kIds);
  }
  EXPECT_GE(table.page_count(), kIds / Table::kPageSlots);
  table.Sweep();
  EXPECT_EQ(table.page_count(), 0);

  // Without Sweep(), as many ids follow as were used before.
  for (std::int64_t id = kIds; id < 3 * kIds; ++id) {
    table.Set(c10::make_intrusive<Object>(id));
    if (id % 1000 == 0) {
      EXPECT_LE(table.page_count(), 20) << id;
    }
  }
  // An id far from all others, whose page is not in the order of ids.
  table.Set(c10::make_intrusive<Object>(std::int64_t{1} << 50));
  table.Sweep();
  EXPECT_EQ(table.page_count(), 0);
}

// Objects die in various patterns while ids are used. The table must not keep many times more than are alive.
TEST(IdTableTest, DeadObjectsAreRemovedAsTheTableGrows) {
  constexpr int kIds = 200'000;
  for (const int one_alive_of : {2, 13, 128, 1000}) {
    Table table;
    std::vector<Strong> alive;
    for (int id = 0; id < kIds; ++id) {
      auto object = c10::make_intrusive<Object>(id);
      table.Set(object);
      if (id % one_alive_of == 0) alive.push_back(std::move(object));
    }
    EXPECT_LE(table.size(), 2 * alive.size() + 1500) << one_alive_of;
    EXPECT_EQ(table.CountAlive(), alive.size()) << one_alive_of;
    EXPECT_EQ(objects_in_memory, table.size());
  }
}

TEST(IdTableTest, VisitsManyAtOnce) {
  Table table;
  std::vector<Strong> objects;
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < 1000; ++i) {
    ids.push_back(i % 10 == 0 ? -i : 3 * i);
    objects.push_back(c10::make_intrusive<Object>(ids.back()));
  }
  std::vector<std::size_t> order;
  table.VisitEachPresent(ids, [&](std::size_t, Slot&) { ADD_FAILURE(); });
  table.VisitEach(ids, [&](std::size_t i, Slot& slot) {
    order.push_back(i);
    auto reference = Slot::Weaken(*objects[i]);
    if (slot.GetOrSet(reference)) ADD_FAILURE() << i;
  });
  ASSERT_EQ(order.size(), ids.size());
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], i);
  ids.push_back(std::int64_t{1} << 50);
  std::size_t found = 0;
  table.VisitEachPresent(ids, [&](std::size_t i, const Slot& slot) { found += slot.Lock() == objects[i] ? 1 : 0; });
  EXPECT_EQ(found, objects.size());
  EXPECT_EQ(table.lookups(), 3 * 1000 + 1);
}

TEST(IdTableTest, ForEachAliveMayUseTheTable) {
  Table table;
  std::vector<Strong> objects = Fill(table, {0, 5, 1000});
  std::vector<std::int64_t> ids;
  table.ForEachAlive([&](std::int64_t id) {
    ids.push_back(id);
    objects.clear();
    table.Sweep();
    EXPECT_FALSE(table.Get(id));
  });
  EXPECT_THAT(ids, ElementsAre(0, 5));  // Ids of one page are collected together; the page of 1000 is gone.
}

TEST(IdTableThreadsTest, AReplacedReferenceIsKeptForThoseWhoVisitItsSlot) {
  Table table;
  table.Set(c10::make_intrusive<Object>(3));  // It dies here; the table keeps its memory.
  std::atomic<bool> is_visiting = false;
  std::atomic<bool> is_replaced = false;
  RunThreads(2, [&](int thread) {
    if (thread == 0) {
      table.VisitIfPresent(3, [&](const Slot&) {
        is_visiting = true;
        is_visiting.notify_one();
        is_replaced.wait(false);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));  // Time to destroy it too early.
        EXPECT_EQ(objects_in_memory, 2);
      });
    } else {
      is_visiting.wait(false);
      const auto object = c10::make_intrusive<Object>(3);
      auto reference = Slot::Weaken(*object);
      table.Visit(3, [&](Slot& slot) { slot.Exchange(reference); });
      is_replaced = true;
      is_replaced.notify_one();
      table.Destroy(std::move(reference));
      EXPECT_EQ(objects_in_memory, 1);
    }
  });
}

// Threads use disjoint ids of the same pages. Their objects die, and the table is swept and counted all the time.
TEST(IdTableThreadsTest, DisjointIds) {
  constexpr int kThreads = 8;
  constexpr int kIds = 20'000;
  {
    Table table;
    std::vector<std::vector<Strong>> alive(kThreads);
    RunThreads(kThreads, [&](int thread) {
      for (std::int64_t id = thread; id < kIds; id += kThreads) {
        auto object = c10::make_intrusive<Object>(id);
        table.Set(object);
        EXPECT_EQ(table.Get(id), object);
        if (id % 7 == 0) alive[thread].push_back(std::move(object));
        if (id % 5000 == 0) table.Sweep();
        if (id % 5000 == 1) table.CountAlive();
      }
    });
    table.Sweep();
    std::size_t count = 0;
    for (const auto& objects : alive) {
      count += objects.size();
      for (const Strong& object : objects) EXPECT_EQ(table.Get(object->id), object);
    }
    EXPECT_EQ(table.size(), count);
    EXPECT_EQ(objects_in_memory, count);
  }
  EXPECT_EQ(objects_in_memory, 0);
}

// Threads replace, read and drop the objects of a few ids, some of which are far from the others.
TEST(IdTableThreadsTest, SameIds) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 5'000;
  const std::vector<std::int64_t> ids = {0, 1, 500, -7, std::int64_t{1} << 40};
  {
    Table table;
    RunThreads(kThreads, [&](int thread) {
      for (int round = 0; round < kRounds; ++round) {
        const std::int64_t id = ids[(thread + round) % ids.size()];
        if (thread % 2 == 0) table.Set(c10::make_intrusive<Object>(id));
        if (const Strong object = table.Get(id)) {
          EXPECT_EQ(object->id, id);
        }
        const auto mine = c10::make_intrusive<Object>(id);
        auto reference = Slot::Weaken(*mine);
        const Strong other = table.Visit(id, [&](Slot& slot) { return slot.GetOrSet(reference); });
        if (other) {
          EXPECT_EQ(other->id, id);
        } else {
          table.Destroy(std::move(reference));
        }
        if (round % 500 == 0) table.Sweep();
      }
    });
    table.Sweep();
    EXPECT_EQ(table.size(), 0);
    EXPECT_EQ(objects_in_memory, 0);
  }
}

}  // namespace
}  // namespace metaconv
