// StripedSharedMutex: a reader-writer lock for data that is read all the time, by threads that must not slow each other
// down, and is written rarely.
//
// Each thread locks a stripe of its own for reading, so readers on different CPUs share no cache line, and a reader
// needs one atomic read-modify-write operation. A writer locks all stripes.
//
// A reader may also replace an object that is published by an atomic pointer, instead of taking the lock as a writer:
// it exchanges the pointer, unlocks, waits for the other readers, and then destroys the object (read-copy-update).
//
// Example:
//   StripedSharedMutex mutex;
//   std::vector<Page*> pages ABSL_GUARDED_BY(mutex);
//   { const StripedReaderLock lock(mutex); Use(pages[i]); }
//   { const StripedWriterLock lock(mutex); pages.push_back(page); }
//
// Thread safety: Thread-safe. Not recursive. A reader must not block, because threads can share a stripe.
// Lifetime: must outlive its locks.

#ifndef METACONV_CONVERTER_STRIPED_SHARED_MUTEX_H_
#define METACONV_CONVERTER_STRIPED_SHARED_MUTEX_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "converter/thread_stripe.h"

namespace metaconv {

class ABSL_LOCKABLE StripedSharedMutex {
 public:
  StripedSharedMutex() = default;
  StripedSharedMutex(const StripedSharedMutex&) = delete;
  StripedSharedMutex& operator=(const StripedSharedMutex&) = delete;

  void LockShared() ABSL_SHARED_LOCK_FUNCTION() { Lock(stripes_[ThreadStripe()]); }
  void UnlockShared() ABSL_UNLOCK_FUNCTION() { Unlock(stripes_[ThreadStripe()]); }
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION();
  void Unlock() ABSL_UNLOCK_FUNCTION();

  // Returns when each reader that holds the lock now has unlocked it. A pointer that was replaced before the call by a
  // sequentially consistent operation, and that readers load by such an operation, is no longer in use then.
  void WaitForReaders() const ABSL_LOCKS_EXCLUDED(this);

  // Adds to a count that readers keep, without another atomic read-modify-write operation.
  void Count(std::int64_t amount) ABSL_SHARED_LOCKS_REQUIRED(this) {
    std::atomic<std::int64_t>& count = stripes_[ThreadStripe()].count;
    count.store(count.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  std::int64_t count() const;

 private:
  struct alignas(64) Stripe {
    std::atomic<std::uint64_t> state = 0;  // Odd while the stripe is locked; incremented by each lock and unlock.
    std::atomic<std::int64_t> count = 0;   // Written under the lock.
  };

  static bool IsLocked(std::uint64_t state) { return state % 2 != 0; }
  // Sequentially consistent, for WaitForReaders.
  static bool TryLock(Stripe& stripe) {
    std::uint64_t state = stripe.state.load(std::memory_order_relaxed);
    return !IsLocked(state) &&
           stripe.state.compare_exchange_strong(state, state + 1, std::memory_order_seq_cst, std::memory_order_relaxed);
  }
  static void Lock(Stripe& stripe) {
    if (!TryLock(stripe)) WaitAndLock(stripe);
  }
  static void WaitAndLock(Stripe& stripe);
  static void Unlock(Stripe& stripe) {
    stripe.state.store(stripe.state.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  std::array<Stripe, kThreadStripes> stripes_;
};

class ABSL_SCOPED_LOCKABLE StripedReaderLock {
 public:
  explicit StripedReaderLock(StripedSharedMutex& mutex) ABSL_SHARED_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.LockShared();
  }
  ~StripedReaderLock() ABSL_UNLOCK_FUNCTION() { mutex_.UnlockShared(); }

  StripedReaderLock(const StripedReaderLock&) = delete;
  StripedReaderLock& operator=(const StripedReaderLock&) = delete;

 private:
  StripedSharedMutex& mutex_;
};

class ABSL_SCOPED_LOCKABLE StripedWriterLock {
 public:
  explicit StripedWriterLock(StripedSharedMutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~StripedWriterLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }

  StripedWriterLock(const StripedWriterLock&) = delete;
  StripedWriterLock& operator=(const StripedWriterLock&) = delete;

 private:
  StripedSharedMutex& mutex_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_STRIPED_SHARED_MUTEX_H_
