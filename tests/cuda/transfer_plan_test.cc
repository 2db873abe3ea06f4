#include "cuda/transfer_plan.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "converter/storage_path.h"
#include "cuda/segments.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr TransferLimits kLimits = {.buffer_size = 1024, .small_size = 256};

// Checks that each byte of each item is in exactly one piece, that the pieces of a buffer are disjoint and within it,
// and the other documented properties.
void Check(const std::vector<TransferItem>& items, const TransferLimits& limits) {
  const std::vector<TransferTask> tasks = PlanTransfers(items, limits);
  std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>> ranges(items.size());
  std::vector<std::set<const TransferTask*>> tasks_of(items.size());
  for (const TransferTask& task : tasks) {
    ASSERT_FALSE(task.empty());
    for (const TransferBatch& batch : task) {
      ASSERT_FALSE(batch.pieces.empty());
      std::int64_t end = 0;
      for (const TransferPiece& piece : batch.pieces) {
        ASSERT_GT(piece.size, 0);
        ASSERT_GE(piece.place, end);
        ASSERT_EQ(piece.place % 16, 0);
        ASSERT_EQ(piece.offset % StoragePath::kLoadAlignment, 0);
        ASSERT_EQ(items[piece.item].device, items[batch.pieces[0].item].device);
        end = piece.place + piece.size;
        ranges[piece.item].push_back({piece.offset, piece.offset + piece.size});
        tasks_of[piece.item].insert(&task);
      }
      if (batch.is_packed) {
        ASSERT_GE(batch.table_place, end);
        ASSERT_EQ(batch.table_place % 16, 0);
        end = PackedSize(batch);
      } else {
        ASSERT_THAT(batch.pieces, SizeIs(1));
      }
      ASSERT_LE(end, limits.buffer_size);
    }
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].in_order) {
      ASSERT_LE(tasks_of[i].size(), 1u);
      ASSERT_TRUE(std::is_sorted(ranges[i].begin(), ranges[i].end()));
    }
    std::sort(ranges[i].begin(), ranges[i].end());
    std::int64_t end = 0;
    for (const auto& range : ranges[i]) {
      ASSERT_EQ(range.first, end);
      end = range.second;
    }
    ASSERT_EQ(end, items[i].size);
  }
}

TEST(PlanTransfers, NoItemsGiveNoTasks) {
  EXPECT_THAT(PlanTransfers({}, kLimits), IsEmpty());
  EXPECT_THAT(PlanTransfers({{.size = 0}, {.size = 0, .in_order = true}}, kLimits), IsEmpty());
}

TEST(PlanTransfers, SmallItemsShareABuffer) {
  const std::vector<TransferTask> tasks = PlanTransfers({{.size = 5}, {.size = 255}, {.size = 1}}, kLimits);
  ASSERT_THAT(tasks, SizeIs(1));
  ASSERT_THAT(tasks[0], SizeIs(1));
  EXPECT_TRUE(tasks[0][0].is_packed);
  EXPECT_THAT(tasks[0][0].pieces, SizeIs(3));
  EXPECT_EQ(PackedSize(tasks[0][0]), 16 + 256 + 16 + 3 * static_cast<std::int64_t>(sizeof(Segment)));
}

TEST(PlanTransfers, DevicesDoNotShareBuffers) {
  EXPECT_THAT(PlanTransfers({{.device = 0, .size = 5}, {.device = 1, .size = 5}, {.device = 0, .size = 5}}, kLimits),
              SizeIs(2));
}

TEST(PlanTransfers, LargeItemsAreSplit) {
  EXPECT_THAT(PlanTransfers({{.size = 256}}, kLimits), SizeIs(1));
  EXPECT_THAT(PlanTransfers({{.size = 2049}}, kLimits), SizeIs(3));
  const std::vector<TransferTask> in_order = PlanTransfers({{.size = 2049, .in_order = true}}, kLimits);
  ASSERT_THAT(in_order, SizeIs(1));
  EXPECT_THAT(in_order[0], SizeIs(3));
}

TEST(PlanTransfers, ItemsLargerThanTheBufferAreAlwaysSplit) {
  Check({{.size = 1024}, {.size = 1000}, {.size = 992}, {.size = 991}, {.size = 5000}},
        {.buffer_size = 1024, .small_size = 1 << 20});
}

TEST(PlanTransfers, RandomItems) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<TransferItem> items(random() % 30);
    for (TransferItem& item : items) {
      const std::uint64_t most[] = {1, 20, 300, 1100, 6000};
      item = {.device = static_cast<c10::DeviceIndex>(random() % 3),
              .size = static_cast<std::int64_t>(random() % most[random() % std::size(most)]),
              .in_order = random() % 2 == 0};
    }
    Check(items, {.buffer_size = static_cast<std::int64_t>(256 + random() % 2000),
                  .small_size = static_cast<std::int64_t>(random() % 2000)});
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace metaconv
