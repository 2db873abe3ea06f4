// SpinLock: a lock for critical sections of a few instructions.
//
// A mutex of the standard library costs two calls into libc, more than the critical sections of our tables. Use
// SpinLock only if the critical section does not block, does not allocate much and calls no code of LibTorch or of
// users; otherwise use meta/mutex.h.
//
// Example:
//   SpinLock lock;
//   int count ABSL_GUARDED_BY(lock) = 0;
//   { const SpinLockHolder holder(&lock); ++count; }
//
// Thread safety: Thread-safe. Not recursive. A thread that has waited for some time yields and then sleeps, so that a
// thread that was preempted while it holds the lock can run.
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
  static constexpr int kSpins = 128;   // About the time of a few cache line transfers.
  static constexpr int kYields = 128;  // Then sleep: yielding does not let a holder of lower priority run.

  void Wait() {
    for (int tries = 0;; ++tries) {
      // Reads first, so that the cache line stays shared; an exchange would take it from the holder.
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
