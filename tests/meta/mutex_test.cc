#include "meta/mutex.h"

#include <barrier>
#include <chrono>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "gtest/gtest.h"
#include "tests/testing/run_threads.h"

namespace metaconv {
namespace {

constexpr int kThreads = 8;
constexpr int kRounds = 1000;

// The example of the header.
class Counter {
 public:
  void Add() ABSL_LOCKS_EXCLUDED(mutex_) {
    const MutexLock lock(mutex_);
    ++count_;
    changed_.NotifyAll();
  }
  void AwaitMoreThan(int count) ABSL_LOCKS_EXCLUDED(mutex_) {
    const MutexLock lock(mutex_);
    while (count_ <= count) changed_.Wait(mutex_);
  }
  bool TryAdd() ABSL_LOCKS_EXCLUDED(mutex_) {
    if (!mutex_.TryLock()) return false;
    ++count_;
    mutex_.Unlock();
    return true;
  }
  int count() ABSL_LOCKS_EXCLUDED(mutex_) {
    const MutexLock lock(mutex_);
    return count_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

void ExpectLocked(Mutex& mutex) {
  std::thread other([&] {
    const bool locked = mutex.TryLock();
    EXPECT_FALSE(locked);
    if (locked) mutex.Unlock();
  });
  other.join();
}

TEST(MutexTest, OneAtATime) {
  Counter counter;
  RunThreads(kThreads, [&](int) {
    for (int i = 0; i < kRounds; ++i) counter.Add();
  });
  EXPECT_EQ(counter.count(), kThreads * kRounds);
}

TEST(MutexTest, TryLockAcquiresTheMutex) {
  Counter counter;
  RunThreads(kThreads, [&](int) {
    for (int i = 0; i < kRounds; ++i) {
      while (!counter.TryAdd()) std::this_thread::yield();
    }
  });
  EXPECT_EQ(counter.count(), kThreads * kRounds);
}

TEST(MutexTest, TryLockFailsIfTheMutexIsHeld) {
  Mutex mutex;
  const MutexLock lock(mutex);
  ExpectLocked(mutex);
}

TEST(CondVarTest, EachThreadWaitsForThePreviousOne) {
  Counter counter;
  RunThreads(kThreads, [&](int thread) {
    counter.AwaitMoreThan(thread - 1);
    EXPECT_GE(counter.count(), thread);
    counter.Add();
  });
  EXPECT_EQ(counter.count(), kThreads);
}

TEST(CondVarTest, HoldsTheMutexAfterAWait) {
  Mutex mutex;
  CondVar changed;
  bool done = false;  // Guarded by mutex.
  const MutexLock lock(mutex);
  std::thread other([&] {
    const MutexLock lock(mutex);
    done = true;
    changed.NotifyOne();
  });
  while (!done) changed.Wait(mutex);
  other.join();
  ExpectLocked(mutex);
}

TEST(CondVarTest, HoldsTheMutexAfterADeadline) {
  Mutex mutex;
  CondVar never;
  const MutexLock lock(mutex);
  EXPECT_FALSE(never.WaitUntil(mutex, std::chrono::steady_clock::now()));
  ExpectLocked(mutex);
}

TEST(CondVarTest, IsNotifiedBeforeTheDeadline) {
  Mutex mutex;
  CondVar changed;
  bool done = false;  // Guarded by mutex.
  std::thread other;
  {
    const MutexLock lock(mutex);
    other = std::thread([&] {
      const MutexLock lock(mutex);
      done = true;
      changed.NotifyOne();
    });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!done) ASSERT_TRUE(changed.WaitUntil(mutex, deadline));
  }
  other.join();
}

struct Pair {
  SharedMutex mutex;
  int a ABSL_GUARDED_BY(mutex) = 0;
  int b ABSL_GUARDED_BY(mutex) = 0;
};

TEST(SharedMutexTest, ReadersSeeCompleteWrites) {
  Pair pair;
  RunThreads(kThreads, [&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      if (thread == 0) {
        const WriterLock lock(pair.mutex);
        ++pair.a;
        std::this_thread::yield();
        ++pair.b;
      } else {
        const ReaderLock lock(pair.mutex);
        EXPECT_EQ(pair.a, pair.b);
      }
    }
  });
  const ReaderLock lock(pair.mutex);
  EXPECT_EQ(pair.a, kRounds);
}

// Deadlocks if readers exclude each other.
TEST(SharedMutexTest, ReadersShare) {
  SharedMutex mutex;
  std::barrier both_hold_it(2);
  RunThreads(2, [&](int) {
    const ReaderLock lock(mutex);
    both_hold_it.arrive_and_wait();
  });
}

}  // namespace
}  // namespace metaconv
