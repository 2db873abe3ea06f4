#include "converter/striped_counter.h"

#include "gtest/gtest.h"
#include "tests/testing/run_threads.h"

namespace metaconv {
namespace {

TEST(StripedCounterTest, ConcurrentIncrementsAreCounted) {
  constexpr int kThreads = 40;  // More than the number of stripes.
  constexpr int kRounds = 1000;
  StripedCounter counter;
  EXPECT_EQ(counter.Sum(), 0);
  RunThreads(kThreads, [&](int) {
    for (int i = 0; i < kRounds; ++i) counter.Increment();
  });
  EXPECT_EQ(counter.Sum(), kThreads * kRounds);
}

}  // namespace
}  // namespace metaconv
