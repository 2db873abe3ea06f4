#include "converter/pieces.h"

#include <atomic>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;

// Records which bytes of which item were processed, and the number of calls.
class Coverage {
 public:
  absl::Status Add(std::size_t index, std::int64_t offset, std::int64_t size) {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(offset % kPieceSize, 0);
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
