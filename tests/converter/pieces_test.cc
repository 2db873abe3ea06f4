#include "converter/pieces.h"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "ATen/Parallel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;

// Records which bytes of which item were processed, and the number of calls.
class Coverage {
 public:
  absl::Status Add(std::size_t index, std::int64_t offset, std::int64_t size) {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(offset % kPieceAlignment, 0);
    EXPECT_GT(size, 0);
    pieces_[index][offset] = size;
    ++calls_;
    return absl::OkStatus();
  }

  // The number of bytes of `index` up to the first gap.
  std::int64_t Reached(std::size_t index) {
    std::int64_t end = 0;
    for (const auto& [offset, size] : pieces_[index]) {
      if (offset != end) return end;
      end += size;
    }
    return end;
  }
  std::vector<std::int64_t> Offsets(std::size_t index) {
    std::vector<std::int64_t> offsets;
    for (const auto& [offset, size] : pieces_[index]) offsets.push_back(offset);
    return offsets;
  }
  std::size_t PiecesOf(std::size_t index) { return pieces_[index].size(); }
  int calls() const { return calls_; }

 private:
  std::mutex mutex_;
  std::map<std::size_t, std::map<std::int64_t, std::int64_t>> pieces_;
  int calls_ = 0;
};

TEST(PiecesTest, CoverEverythingOnce) {
  std::vector<Whole> wholes = {{0}, {1}, {kPieceSize - 1}, {kPieceSize}, {kPieceSize + 1}, {5 * kPieceSize + 7}, {0}};
  for (int i = 0; i < 1000; ++i) wholes.push_back({.size = i});
  Coverage coverage;
  ASSERT_THAT(ForEachPiece(
                  wholes, [&](std::size_t i, std::int64_t begin, std::int64_t n) { return coverage.Add(i, begin, n); }),
              IsOk());
  for (std::size_t i = 0; i < wholes.size(); ++i) EXPECT_EQ(coverage.Reached(i), wholes[i].size) << i;
  // One call for each of the 1,001 small items that are not empty, 2 and 6 calls for the larger ones.
  EXPECT_EQ(coverage.calls(), 1 + 1 + 1 + 2 + 6 + 999);
}

TEST(PiecesTest, InOneIsNotSplit) {
  Coverage coverage;
  ASSERT_THAT(
      ForEachPiece({Whole{.size = 3 * kPieceSize, .in_one = true}, Whole{.size = 3 * kPieceSize}},
                   [&](std::size_t i, std::int64_t begin, std::int64_t n) { return coverage.Add(i, begin, n); }),
      IsOk());
  EXPECT_EQ(coverage.PiecesOf(0), 1);
  EXPECT_EQ(coverage.PiecesOf(1), 3);
}

// Two threads then write to the same huge page only if storages share it.
TEST(PiecesTest, PiecesEndAtMultiplesOfTheAddressIfThereIsOne) {
  const auto address = [](std::int64_t value) { return reinterpret_cast<const void*>(value); };
  Coverage coverage;
  const std::vector<Whole> wholes = {{.size = 3 * kPieceSize, .address = address(10 * kPieceSize + 64)},
                                     {.size = 2 * kPieceSize, .address = address(kPieceSize)},
                                     {.size = kPieceSize, .address = address(kPieceSize - 128)},
                                     {.size = 2 * kPieceSize, .address = address(kPieceSize + 1)}};
  ASSERT_THAT(ForEachPiece(
                  wholes, [&](std::size_t i, std::int64_t begin, std::int64_t n) { return coverage.Add(i, begin, n); }),
              IsOk());
  for (std::size_t i = 0; i < wholes.size(); ++i) EXPECT_EQ(coverage.Reached(i), wholes[i].size) << i;
  EXPECT_THAT(coverage.Offsets(0), ElementsAre(0, kPieceSize - 64, 2 * kPieceSize - 64, 3 * kPieceSize - 64));
  EXPECT_THAT(coverage.Offsets(1), ElementsAre(0, kPieceSize));
  EXPECT_THAT(coverage.Offsets(2), ElementsAre(0, 128));
  EXPECT_THAT(coverage.Offsets(3), ElementsAre(0, kPieceSize)) << "an address that is not aligned";
}

// The threads that process `size` bytes, if each piece takes some time.
std::set<std::thread::id> ThreadsOn(std::int64_t size) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  EXPECT_THAT(ForEachPiece({{.size = size}},
                           [&](std::size_t, std::int64_t, std::int64_t) {
                             std::this_thread::sleep_for(std::chrono::milliseconds(1));
                             const std::lock_guard lock(mutex);
                             threads.insert(std::this_thread::get_id());
                             return absl::OkStatus();
                           }),
              IsOk());
  return threads;
}

TEST(PiecesTest, ASmallAmountOfWorkRunsOnTheCallingThread) {
  at::set_num_threads(4);
  EXPECT_THAT(ThreadsOn(2 * kPieceSize - 1), ElementsAre(std::this_thread::get_id()));
  EXPECT_GT(ThreadsOn(64 * kPieceSize).size(), 1);
  EXPECT_LE(ThreadsOn(64 * kPieceSize).size(), 4);
}

TEST(PiecesTest, NothingToDo) {
  const auto fail = [](std::size_t, std::int64_t, std::int64_t) { return absl::InternalError("called"); };
  EXPECT_THAT(ForEachPiece({}, fail), IsOk());
  EXPECT_THAT(ForEachPiece({Whole{}, Whole{}}, fail), IsOk());
}

TEST(PiecesTest, StopsAtTheFirstError) {
  const std::vector<Whole> wholes(64, {.size = kPieceSize});
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> calls = 0;
    const absl::Status status = ForEachPiece(wholes, [&](std::size_t i, std::int64_t, std::int64_t) {
      ++calls;
      return i >= 3 ? absl::DataLossError(std::to_string(i)) : absl::OkStatus();
    });
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss, "3"));
    EXPECT_LT(calls, 64);
  }
}

}  // namespace
}  // namespace metaconv
