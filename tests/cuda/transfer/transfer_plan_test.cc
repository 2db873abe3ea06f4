#include "cuda/transfer/transfer_plan.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "c10/core/Device.h"
#include "converter/storage_path.h"
#include "cuda/files/direct_file.h"
#include "cuda/segments/segments.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr TransferLimits kLimits = {.buffer_size = 1024, .small_size = 256};

// Checks one batch, and returns the size of the buffer that it needs.
std::int64_t SizeOfBatch(const std::vector<TransferItem>& items, const TransferBatch& batch) {
  std::int64_t end = 0;
  for (const TransferPiece& piece : batch.pieces) {
    const TransferItem& item = items[piece.item];
    EXPECT_GT(piece.size, 0);
    EXPECT_EQ(piece.offset % StoragePath::kLoadAlignment, 0);
    EXPECT_EQ(item.device, items[batch.pieces[0].item].device);
    if (batch.file.has_value()) {
      EXPECT_FALSE(item.in_order || item.is_pinned);
      EXPECT_EQ(item.file->descriptor, batch.file->descriptor);
      EXPECT_EQ(item.file->offset + piece.offset, batch.file->offset + piece.place);
      EXPECT_GE(piece.place, 0);
    } else {
      EXPECT_GE(piece.place, end);
      EXPECT_EQ(piece.place % 16, 0);
    }
    end = std::max(end, piece.place + piece.size);
  }
  if (batch.file.has_value()) {
    EXPECT_EQ(batch.file->offset % DirectFile::kBlockSize, 0);
    EXPECT_EQ(batch.file->size, end);
    // Every block is needed, except where a gap is smaller than another read.
    EXPECT_LT(batch.pieces[0].place, DirectFile::kBlockSize);
    end = DirectFile::BlockEnd(end);
  } else if (!batch.is_packed) {
    EXPECT_THAT(batch.pieces, SizeIs(1));
  }
  if (!batch.is_packed) return end;
  EXPECT_GE(batch.table_place, end);
  EXPECT_EQ(batch.table_place % 16, 0);
  return PackedSize(batch);
}

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
      if (batch.is_pinned) {
        ASSERT_THAT(batch.pieces, SizeIs(1));
        ASSERT_TRUE(items[batch.pieces[0].item].is_pinned);
      } else {
        ASSERT_LE(SizeOfBatch(items, batch), limits.buffer_size);
      }
      for (const TransferPiece& piece : batch.pieces) {
        ranges[piece.item].push_back({piece.offset, piece.offset + piece.size});
        tasks_of[piece.item].insert(&task);
      }
    }
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].in_order || items[i].is_pinned) {
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

// Items of these sizes that follow each other in a file, from `offset` on, with `gap` bytes between.
std::vector<TransferItem> InFile(const std::vector<std::int64_t>& sizes, std::int64_t offset, std::int64_t gap = 0) {
  std::vector<TransferItem> items;
  for (const std::int64_t size : sizes) {
    items.push_back({.size = size, .file = FilePlace{.descriptor = 7, .offset = offset}});
    offset += size + gap;
  }
  return items;
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

TEST(PlanTransfers, PinnedItemsAreTransferredAsAWhole) {
  const std::vector<TransferItem> items = {{.size = 5000, .is_pinned = true}, {.size = 5, .is_pinned = true}};
  Check(items, kLimits);
  EXPECT_THAT(PlanTransfers(items, kLimits), SizeIs(2));
}

TEST(PlanTransfers, ManySmallItemsOfAFileAreFewRanges) {
  constexpr TransferLimits kDefault = {.buffer_size = 4 << 20, .small_size = 256 << 10};
  for (const std::int64_t gap : {0, 100}) {
    const std::vector<TransferItem> items = InFile(std::vector<std::int64_t>(100'000, 1024), 333, gap);
    Check(items, kDefault);
    const std::vector<TransferTask> tasks = PlanTransfers(items, kDefault);
    const std::int64_t bytes = 100'000 * (1024 + gap + static_cast<std::int64_t>(sizeof(Segment)));
    EXPECT_LE(tasks.size(), bytes / kDefault.buffer_size + 2);
    for (const TransferTask& task : tasks) EXPECT_TRUE(task[0].is_packed);
  }
}

TEST(PlanTransfers, ALargeItemOfAFileIsCutIntoWholeBuffers) {
  constexpr TransferLimits kDefault = {.buffer_size = 4 << 20, .small_size = 256 << 10};
  const std::vector<TransferTask> aligned = PlanTransfers(InFile({64 << 20}, 4096), kDefault);
  ASSERT_THAT(aligned, SizeIs(16));
  for (const TransferTask& task : aligned) {
    EXPECT_FALSE(task[0].is_packed);
    EXPECT_EQ(task[0].file->size, 4 << 20);
  }
  for (const std::int64_t offset : {1, 63, 64, 4032, 4095}) {
    const std::vector<TransferItem> items = InFile({64 << 20}, offset);
    Check(items, kDefault);
    EXPECT_THAT(PlanTransfers(items, kDefault), SizeIs(17)) << offset;
  }
}

TEST(PlanTransfers, AFewLargePiecesOfARangeAreTransferredOnTheirOwn) {
  const TransferLimits limits = {.buffer_size = 4 << 20, .small_size = 256 << 10};
  const std::vector<TransferTask> tasks = PlanTransfers(InFile({1 << 20, 1 << 20, 300'000}, 8), limits);
  ASSERT_THAT(tasks, SizeIs(1));
  EXPECT_THAT(tasks[0][0].pieces, SizeIs(3));
  EXPECT_FALSE(tasks[0][0].is_packed);
}

TEST(PlanTransfers, RangesEndAtLargeGapsAndOtherFilesAndDevices) {
  const TransferLimits limits = {.buffer_size = 4 << 20, .small_size = 256 << 10};
  EXPECT_THAT(PlanTransfers(InFile({100, 100, 100}, 0, 16 * 1024), limits), SizeIs(1));
  EXPECT_THAT(PlanTransfers(InFile({100, 100, 100}, 0, 16 * 1024 + 1), limits), SizeIs(3));
  std::vector<TransferItem> items = InFile({100, 100, 100}, 0);
  items[1].device = 1;
  EXPECT_THAT(PlanTransfers(items, limits), SizeIs(2));
  items[2].file->descriptor = 8;
  EXPECT_THAT(PlanTransfers(items, limits), SizeIs(3));
}

TEST(PlanTransfers, ItemsThatMustBeReadInOrderAreNotReadByRange) {
  std::vector<TransferItem> items = InFile({100'000, 100'000}, 0);
  items[0].in_order = true;
  const TransferLimits limits = {.buffer_size = 16384, .small_size = 256};
  Check(items, limits);
  const std::vector<TransferTask> tasks = PlanTransfers(items, limits);
  for (const TransferBatch& batch : tasks[0]) EXPECT_FALSE(batch.file.has_value());
  EXPECT_TRUE(tasks[1][0].file.has_value());
}

TEST(PlanTransfers, DevicesTakeTurns) {
  std::vector<TransferItem> items(6, TransferItem{.size = 1024});
  for (std::size_t i = 3; i < 6; ++i) items[i].device = 1;
  std::vector<c10::DeviceIndex> devices;
  for (const TransferTask& task : PlanTransfers(items, kLimits))
    devices.push_back(items[task[0].pieces[0].item].device);
  EXPECT_THAT(devices, ElementsAre(0, 1, 0, 1, 0, 1));
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
    for (TransferItem& item : items) {
      item.is_pinned = random() % 10 == 0;
      if (random() % 3 == 0) continue;
      // Some overlap, some leave gaps, and some have the same place.
      const std::uint64_t most[] = {100, 10'000, 200'000};
      item.file = FilePlace{.descriptor = static_cast<int>(random() % 2),
                            .offset = static_cast<std::int64_t>(random() % most[random() % std::size(most)])};
    }
    const std::uint64_t least[] = {256, 2 * DirectFile::kBlockSize};
    Check(items, {.buffer_size = static_cast<std::int64_t>(least[random() % 2] + random() % 2000),
                  .small_size = static_cast<std::int64_t>(random() % 2000)});
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace metaconv
