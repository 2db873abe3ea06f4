#include "describer/spin_lock.h"

#include "gtest/gtest.h"
#include "tests/testing/run_threads.h"

namespace metaconv {
namespace {

// More threads than cores, so that some are preempted while they hold the lock.
TEST(SpinLockTest, OneThreadAtATime) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 20'000;
  SpinLock lock;
  int count = 0;
  RunThreads(kThreads, [&](int) {
    for (int i = 0; i < kRounds; ++i) {
      const SpinLockHolder holder(&lock);
      ++count;
    }
  });
  EXPECT_EQ(count, kThreads * kRounds);
}

TEST(SpinLockTest, CanBeLockedAgain) {
  SpinLock lock;
  lock.Lock();
  lock.Unlock();
  lock.Lock();
  lock.Unlock();
}

}  // namespace
}  // namespace metaconv
