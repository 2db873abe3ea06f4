#include "converter/load_progress.h"

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <stop_token>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

using Calls = std::vector<std::pair<std::int64_t, std::int64_t>>;

// Not synchronized: ThreadSanitizer reports calls that overlap.
LoadControl Recording(Calls& calls) {
  return {.progress = [&calls](std::int64_t done, std::int64_t total) { calls.emplace_back(done, total); }};
}

TEST(LoadProgressTest, ReportsEachPart) {
  Calls calls;
  const LoadControl control = Recording(calls);
  LoadProgress progress(control, 10);
  EXPECT_THAT(progress.Add(3), IsOk());
  EXPECT_THAT(progress.Add(0), IsOk()) << "nothing to report";
  EXPECT_THAT(progress.Add(7), IsOk());
  EXPECT_THAT(calls, ElementsAre(Pair(3, 10), Pair(10, 10)));
}

TEST(LoadProgressTest, CallsOfManyThreadsDoNotOverlapAndIncrease) {
  constexpr int kThreads = 8;
  constexpr int kParts = 2000;
  Calls calls;
  std::atomic<int> running = 0;
  const LoadControl control = {.progress = [&](std::int64_t done, std::int64_t total) {
    EXPECT_EQ(++running, 1);
    calls.emplace_back(done, total);
    --running;
  }};
  LoadProgress progress(control, kThreads * kParts);
  RunThreads(kThreads, [&](int) {
    for (int i = 0; i < kParts; ++i) EXPECT_THAT(progress.Add(1), IsOk());
  });
  std::int64_t before = 0;
  for (const auto& [done, total] : calls) {
    EXPECT_GT(done, before);
    EXPECT_EQ(total, kThreads * kParts);
    before = done;
  }
  EXPECT_EQ(before, kThreads * kParts) << "the last call reports all";
}

// A second thread that counts a part meanwhile does not wait, and the first one reports that part.
TEST(LoadProgressTest, ASlowReportDelaysNoOtherThread) {
  Calls calls;
  LoadProgress* shared = nullptr;
  const LoadControl control = {.progress = [&](std::int64_t done, std::int64_t total) {
    calls.emplace_back(done, total);
    if (done > 1) return;
    RunThreads(2, [&](int) { EXPECT_THAT(shared->Add(2), IsOk()); });
  }};
  LoadProgress progress(control, 5);
  shared = &progress;
  EXPECT_THAT(progress.Add(1), IsOk());
  EXPECT_THAT(calls, ElementsAre(Pair(1, 5), Pair(5, 5)));
}

TEST(LoadProgressTest, AStopIsCancelledWithTheLoadedBytes) {
  std::stop_source stop;
  const LoadControl control = {.stop = stop.get_token()};
  LoadProgress progress(control, 10);
  EXPECT_THAT(progress.CheckStop(), IsOk());
  EXPECT_THAT(progress.Add(4), IsOk());
  stop.request_stop();
  EXPECT_THAT(progress.CheckStop(), StatusIs(absl::StatusCode::kCancelled, HasSubstr("4 of 10 bytes")));
}

TEST(LoadProgressTest, AProgressFunctionThatThrowsIsNotCalledAgain) {
  int calls = 0;
  const LoadControl control = {.progress = [&](std::int64_t, std::int64_t) {
    ++calls;
    throw std::runtime_error("the terminal is gone");
  }};
  LoadProgress progress(control, 2);
  EXPECT_THAT(progress.Add(1), StatusIs(absl::StatusCode::kInternal, HasSubstr("the terminal is gone")));
  EXPECT_THAT(progress.Add(1), IsOk());
  EXPECT_EQ(calls, 1);
}

TEST(LoadProgressTest, WithoutControlNothingHappens) {
  const LoadControl control;
  LoadProgress progress(control, 1);
  EXPECT_THAT(progress.CheckStop(), IsOk());
  EXPECT_THAT(progress.Add(1), IsOk());
}

}  // namespace
}  // namespace metaconv
