// SpinLock: a lock for a few instructions at a time.
//
// A mutex of the standard library costs two calls into libc, more than what our tables do under it. Use this only where
// nothing blocks, allocates for long or calls code that is not ours; for everything else there is meta/mutex.h.
//
// Example:
//   SpinLock lock;
//   int count ABSL_GUARDED_BY(lock) = 0;
//   { const SpinLockHolder holder(&lock); ++count; }
//
// Thread safety: Thread-safe. Not recursive. Who waits for long gives its core away, so that a thread that was interrupted
// while it had the lock gets to run.
// Lifetime: must outlive its holders.

#ifndef METACONV_DESCRIBER_SPIN_LOCK_H_
#define METACONV_DESCRIBER_SPIN_LOCK_H_

#include <atomic>
#include <chrono>
#include <thread>

#include "absl/base/thread_annotations.h"

namespace metaconv {

class ABSL_LOCKABLE SpinLock {
 public:
  SpinLock() = default;
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    if (is_taken_.exchange(true, std::memory_order_acquire)) Wait();
  }
  void Unlock() ABSL_UNLOCK_FUNCTION() { is_taken_.store(false, std::memory_order_release); }

 private:
  static constexpr int kSpins = 128;  // A few transfers of a cache line.
  static constexpr int kYields =
      128;  // Then the holder may be a thread of lower priority, which a yield does not let run.

  void Wait() {
    for (int tries = 0;; ++tries) {
      // Reading lets the line stay shared, where trying to write would take it from the holder.
      if (!is_taken_.load(std::memory_order_relaxed) && !is_taken_.exchange(true, std::memory_order_acquire)) return;
      if (tries > kSpins + kYields) {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      } else if (tries > kSpins) {
        std::this_thread::yield();
      }
    }
  }

  std::atomic<bool> is_taken_ = false;
};

class ABSL_SCOPED_LOCKABLE SpinLockHolder {
 public:
  explicit SpinLockHolder(SpinLock* lock) ABSL_EXCLUSIVE_LOCK_FUNCTION(lock) : lock_(lock) { lock_->Lock(); }
  ~SpinLockHolder() ABSL_UNLOCK_FUNCTION() { lock_->Unlock(); }

  SpinLockHolder(const SpinLockHolder&) = delete;
  SpinLockHolder& operator=(const SpinLockHolder&) = delete;

 private:
  SpinLock* const lock_;
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_SPIN_LOCK_H_
