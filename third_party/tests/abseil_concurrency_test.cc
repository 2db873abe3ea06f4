// Tests that ThreadSanitizer reports no false races with Abseil's synchronization. See
// third_party/sanitizers/tsan_abseil.cc.

#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/barrier.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 1000;

template <typename Body>
void InThreads(Body body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(body);
  for (std::thread& thread : threads) thread.join();
}

struct Counter {
  absl::Mutex mutex;
  int value ABSL_GUARDED_BY(mutex) = 0;
};

TEST(AbseilConcurrency, MutexProtects) {
  Counter counter;
  InThreads([&counter] {
    for (int i = 0; i < kRounds; ++i) {
      absl::MutexLock lock(&counter.mutex);
      ++counter.value;
    }
  });
  absl::ReaderMutexLock lock(&counter.mutex);
  EXPECT_EQ(counter.value, kThreads * kRounds);
}

TEST(AbseilConcurrency, ReadersSeeWrites) {
  Counter counter;
  InThreads([&counter] {
    for (int i = 0; i < kRounds; ++i) {
      if (i % 10 == 0) {
        absl::WriterMutexLock lock(&counter.mutex);
        ++counter.value;
      } else {
        absl::ReaderMutexLock lock(&counter.mutex);
        EXPECT_GE(counter.value, 0);
      }
    }
  });
}

TEST(AbseilConcurrency, ConditionsAndCondVarsOrder) {
  Counter counter;
  absl::CondVar changed;
  std::thread waiter([&] {
    absl::MutexLock lock(&counter.mutex);
    while (counter.value < kRounds / 2) changed.Wait(&counter.mutex);
  });
  std::thread awaiter([&counter] {
    auto done = [&counter]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(counter.mutex) { return counter.value >= kRounds; };
    absl::MutexLock lock(&counter.mutex);
    counter.mutex.Await(absl::Condition(&done));
  });
  for (int i = 0; i < kRounds; ++i) {
    absl::MutexLock lock(&counter.mutex);
    ++counter.value;
    changed.SignalAll();
  }
  waiter.join();
  awaiter.join();
}

TEST(AbseilConcurrency, NotificationsCountersAndBarriersOrder) {
  int first = 0, second = 0, third = 0;
  absl::Notification notification;
  absl::BlockingCounter counter(1);
  absl::Barrier* barrier = new absl::Barrier(2);
  std::thread writer([&] {
    first = 1;
    notification.Notify();
    second = 2;
    counter.DecrementCount();
    third = 3;
    if (barrier->Block()) delete barrier;
  });
  while (!notification.HasBeenNotified()) std::this_thread::yield();
  EXPECT_EQ(first, 1);
  notification.WaitForNotification();
  counter.Wait();
  EXPECT_EQ(second, 2);
  if (barrier->Block()) delete barrier;
  EXPECT_EQ(third, 3);
  writer.join();
}

}  // namespace
