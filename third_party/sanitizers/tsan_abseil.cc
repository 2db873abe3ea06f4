// Annotates Abseil's synchronization for ThreadSanitizer.
//
// The system's Abseil is compiled without ThreadSanitizer, which therefore does not see
// its locks being acquired and released, and reports races on everything that a Mutex
// protects. The linker redirects calls of these functions to the wrappers below (--wrap,
// see abseil_symbols.bzl), which call the real function and annotate what it orders.
//
// A Mutex has two synchronization addresses, so that readers are ordered with writers but
// not with each other: the address of the Mutex for writers, and the next byte for
// readers. Lock order is not checked.

#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/barrier.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

extern "C" void AnnotateIgnoreReadsBegin(const char* file, int line);
extern "C" void AnnotateIgnoreReadsEnd(const char* file, int line);

namespace {

void* Writers(const void* mutex) { return const_cast<void*>(mutex); }
void* Readers(const void* mutex) { return static_cast<char*>(Writers(mutex)) + 1; }

void Locked(const void* mutex) {
  __tsan_acquire(Writers(mutex));
  __tsan_acquire(Readers(mutex));
}
void Unlocking(const void* mutex) { __tsan_release(Writers(mutex)); }
void ReaderLocked(const void* mutex) { __tsan_acquire(Writers(mutex)); }
void ReaderUnlocking(const void* mutex) { __tsan_release(Readers(mutex)); }

// A thread that holds a Mutex may evaluate the conditions of other, waiting threads. The
// Mutex synchronizes these reads internally, where the wrappers cannot annotate it.
class IgnoreReads {
 public:
  IgnoreReads() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~IgnoreReads() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

// The flag that the inline function HasBeenNotified() reads. It follows the Mutex.
void* NotifiedFlag(const void* notification) {
  return static_cast<char*>(const_cast<void*>(notification)) + sizeof(absl::Mutex);
}

}  // namespace

#define CONCATENATE_(a, b) a##b
#define CONCATENATE(a, b) CONCATENATE_(a, b)
#define REAL(function) CONCATENATE(__real_, function)
#define WRAP(function) CONCATENATE(__wrap_, function)
#define FUNCTION(result, function, ...)          \
  extern "C" result REAL(function)(__VA_ARGS__); \
  extern "C" result WRAP(function)(__VA_ARGS__)

using absl::Condition;
using absl::CondVar;
using absl::Duration;
using absl::Mutex;
using absl::Time;

FUNCTION(void, Mutex_Lock, Mutex* self) {
  REAL(Mutex_Lock)(self);
  Locked(self);
}

FUNCTION(void, Mutex_Unlock, Mutex* self) {
  Unlocking(self);
  IgnoreReads ignore;
  REAL(Mutex_Unlock)(self);
}

FUNCTION(bool, Mutex_TryLock, Mutex* self) {
  const bool locked = REAL(Mutex_TryLock)(self);
  if (locked) Locked(self);
  return locked;
}

FUNCTION(void, Mutex_ReaderLock, Mutex* self) {
  REAL(Mutex_ReaderLock)(self);
  ReaderLocked(self);
}

FUNCTION(void, Mutex_ReaderUnlock, Mutex* self) {
  ReaderUnlocking(self);
  IgnoreReads ignore;
  REAL(Mutex_ReaderUnlock)(self);
}

FUNCTION(bool, Mutex_ReaderTryLock, Mutex* self) {
  const bool locked = REAL(Mutex_ReaderTryLock)(self);
  if (locked) ReaderLocked(self);
  return locked;
}

// Await and CondVar::Wait release the Mutex and acquire it again. Await does not know
// whether its caller is a reader. It is treated as a writer, which may hide races.

FUNCTION(void, Mutex_Await, Mutex* self, const Condition& condition) {
  Unlocking(self);
  {
    IgnoreReads ignore;
    REAL(Mutex_Await)(self, condition);
  }
  Locked(self);
}

FUNCTION(bool, Mutex_AwaitWithTimeout, Mutex* self, const Condition& condition, Duration timeout) {
  Unlocking(self);
  bool result;
  {
    IgnoreReads ignore;
    result = REAL(Mutex_AwaitWithTimeout)(self, condition, timeout);
  }
  Locked(self);
  return result;
}

FUNCTION(bool, Mutex_AwaitWithDeadline, Mutex* self, const Condition& condition, Time deadline) {
  Unlocking(self);
  bool result;
  {
    IgnoreReads ignore;
    result = REAL(Mutex_AwaitWithDeadline)(self, condition, deadline);
  }
  Locked(self);
  return result;
}

FUNCTION(void, Mutex_LockWhen, Mutex* self, const Condition& condition) {
  {
    IgnoreReads ignore;
    REAL(Mutex_LockWhen)(self, condition);
  }
  Locked(self);
}

FUNCTION(bool, Mutex_LockWhenWithTimeout, Mutex* self, const Condition& condition, Duration timeout) {
  bool result;
  {
    IgnoreReads ignore;
    result = REAL(Mutex_LockWhenWithTimeout)(self, condition, timeout);
  }
  Locked(self);
  return result;
}

FUNCTION(bool, Mutex_LockWhenWithDeadline, Mutex* self, const Condition& condition, Time deadline) {
  bool result;
  {
    IgnoreReads ignore;
    result = REAL(Mutex_LockWhenWithDeadline)(self, condition, deadline);
  }
  Locked(self);
  return result;
}

FUNCTION(void, Mutex_ReaderLockWhen, Mutex* self, const Condition& condition) {
  {
    IgnoreReads ignore;
    REAL(Mutex_ReaderLockWhen)(self, condition);
  }
  ReaderLocked(self);
}

FUNCTION(void, CondVar_Wait, CondVar* self, Mutex* mutex) {
  Unlocking(mutex);
  {
    IgnoreReads ignore;
    REAL(CondVar_Wait)(self, mutex);
  }
  Locked(mutex);
}

FUNCTION(bool, CondVar_WaitWithTimeout, CondVar* self, Mutex* mutex, Duration timeout) {
  Unlocking(mutex);
  bool result;
  {
    IgnoreReads ignore;
    result = REAL(CondVar_WaitWithTimeout)(self, mutex, timeout);
  }
  Locked(mutex);
  return result;
}

FUNCTION(bool, CondVar_WaitWithDeadline, CondVar* self, Mutex* mutex, Time deadline) {
  Unlocking(mutex);
  bool result;
  {
    IgnoreReads ignore;
    result = REAL(CondVar_WaitWithDeadline)(self, mutex, deadline);
  }
  Locked(mutex);
  return result;
}

FUNCTION(void, Notification_Notify, absl::Notification* self) {
  __tsan_release(NotifiedFlag(self));
  REAL(Notification_Notify)(self);
}

FUNCTION(void, Notification_WaitForNotification, const absl::Notification* self) {
  REAL(Notification_WaitForNotification)(self);
  __tsan_acquire(NotifiedFlag(self));
}

FUNCTION(bool, Notification_WaitForNotificationWithTimeout, const absl::Notification* self, Duration timeout) {
  const bool notified = REAL(Notification_WaitForNotificationWithTimeout)(self, timeout);
  if (notified) __tsan_acquire(NotifiedFlag(self));
  return notified;
}

FUNCTION(bool, Notification_WaitForNotificationWithDeadline, const absl::Notification* self, Time deadline) {
  const bool notified = REAL(Notification_WaitForNotificationWithDeadline)(self, deadline);
  if (notified) __tsan_acquire(NotifiedFlag(self));
  return notified;
}

FUNCTION(bool, BlockingCounter_DecrementCount, absl::BlockingCounter* self) {
  __tsan_release(self);
  return REAL(BlockingCounter_DecrementCount)(self);
}

FUNCTION(void, BlockingCounter_Wait, absl::BlockingCounter* self) {
  REAL(BlockingCounter_Wait)(self);
  __tsan_acquire(self);
}

FUNCTION(bool, Barrier_Block, absl::Barrier* self) {
  __tsan_release(self);
  const bool last = REAL(Barrier_Block)(self);
  __tsan_acquire(self);
  return last;
}
