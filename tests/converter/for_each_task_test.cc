#include "converter/for_each_task.h"

#include <atomic>
#include <barrier>
#include <stdexcept>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;

TEST(ForEachTask, DoesEachTaskOnce) {
  for (const int threads : {1, 2, 5}) {
    for (const std::size_t count : {0, 1, 2, 100}) {
      std::vector<std::atomic<int>> done(count);
      EXPECT_THAT(ForEachTask(count, threads,
                              [&](std::size_t i) {
                                ++done[i];
                                return absl::OkStatus();
                              }),
                  IsOk());
      for (const std::atomic<int>& times : done) EXPECT_EQ(times, 1);
    }
  }
}

TEST(ForEachTask, IsParallel) {
  // Terminates only if three tasks run at the same time.
  std::barrier all(3);
  EXPECT_THAT(ForEachTask(3, 3,
                          [&](std::size_t) {
                            all.arrive_and_wait();
                            return absl::OkStatus();
                          }),
              IsOk());
}

TEST(ForEachTask, OneThreadRunsInOrderAndStopsAtAnError) {
  std::vector<std::size_t> done;
  EXPECT_THAT(ForEachTask(100, 1,
                          [&](std::size_t i) {
                            done.push_back(i);
                            return i == 2 ? absl::DataLossError("two") : absl::OkStatus();
                          }),
              StatusIs(absl::StatusCode::kDataLoss, "two"));
  EXPECT_THAT(done, testing::ElementsAre(0, 1, 2));
}

TEST(ForEachTask, ReturnsTheErrorOfTheFirstFailedTask) {
  std::barrier all(4);
  EXPECT_THAT(ForEachTask(4, 4,
                          [&](std::size_t i) {
                            all.arrive_and_wait();
                            return absl::InternalError(absl::StrCat("task ", i));
                          }),
              StatusIs(absl::StatusCode::kInternal, "task 0"));
}

TEST(ForEachTask, ExceptionsAreErrors) {
  EXPECT_THAT(ForEachTask(2, 2, [](std::size_t) -> absl::Status { throw std::runtime_error("thrown"); }),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("thrown")));
}

}  // namespace
}  // namespace metaconv
