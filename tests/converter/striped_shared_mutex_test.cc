#include "converter/striped_shared_mutex.h"

#include <atomic>
#include <memory>

#include "converter/thread_stripe.h"
#include "gtest/gtest.h"
#include "tests/testing/run_threads.h"

namespace metaconv {
namespace {

constexpr int kThreads = 2 * static_cast<int>(kThreadStripes) + 1;  // So that some share a stripe.

TEST(StripedSharedMutexTest, AWriterExcludesReadersAndWriters) {
  constexpr int kRounds = 2000;
  StripedSharedMutex mutex;
  int first = 0;
  int second = 0;
  RunThreads(kThreads, [&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      if (thread % 8 == 0 && i % 8 == 0) {
        const StripedWriterLock lock(mutex);
        ++first;
        ++second;
      } else {
        const StripedReaderLock lock(mutex);
        EXPECT_EQ(first, second);
      }
    }
  });
  EXPECT_EQ(first, (kThreads + 7) / 8 * kRounds / 8);
}

TEST(StripedSharedMutexTest, ReadersCountTogether) {
  constexpr int kRounds = 2000;
  StripedSharedMutex mutex;
  EXPECT_EQ(mutex.count(), 0);
  RunThreads(kThreads, [&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      const StripedReaderLock lock(mutex);
      mutex.Count(thread);
    }
  });
  EXPECT_EQ(mutex.count(), kRounds * kThreads * (kThreads - 1) / 2);
}

TEST(StripedSharedMutexTest, WaitsOnlyForReaders) {
  StripedSharedMutex mutex;
  mutex.WaitForReaders();
  { const StripedReaderLock lock(mutex); }
  mutex.WaitForReaders();
  { const StripedWriterLock lock(mutex); }
  mutex.WaitForReaders();
}

// Readers use an object that other readers replace and destroy. Without the wait, AddressSanitizer and ThreadSanitizer
// report a use after free, and the value is wrong.
TEST(StripedSharedMutexTest, AReplacedObjectIsNotInUseAfterTheWait) {
  constexpr int kRounds = 2000;
  StripedSharedMutex mutex;
  std::atomic<int*> shared = new int(1);
  RunThreads(8, [&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      if (thread % 2 == 0) {
        const StripedReaderLock lock(mutex);
        EXPECT_EQ(*shared.load(), 1);
      } else {
        std::unique_ptr<int> old;
        {
          const StripedReaderLock lock(mutex);
          old.reset(shared.exchange(new int(1)));
        }
        mutex.WaitForReaders();
        *old = 0;
      }
    }
  });
  delete shared.load();
}

}  // namespace
}  // namespace metaconv
