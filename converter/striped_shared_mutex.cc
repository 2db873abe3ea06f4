#include "converter/striped_shared_mutex.h"

#include <chrono>
#include <thread>

namespace metaconv {
namespace {

constexpr int kSpins = 128;   // About the time of a few cache line transfers.
constexpr int kYields = 128;  // Then sleep: yielding does not let a holder of lower priority run.

// Returns when `is_done` returns true.
template <typename Condition>
void WaitUntil(Condition is_done) {
  for (int tries = 0; !is_done(); ++tries) {
    if (tries > kSpins + kYields) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    } else if (tries > kSpins) {
      std::this_thread::yield();
    }
  }
}

}  // namespace

void StripedSharedMutex::WaitAndLock(Stripe& stripe) {
  WaitUntil([&] { return TryLock(stripe); });
}

// Writers lock the stripes in the same order, so they do not deadlock.
void StripedSharedMutex::Lock() {
  for (Stripe& stripe : stripes_) Lock(stripe);
}

void StripedSharedMutex::Unlock() {
  for (Stripe& stripe : stripes_) Unlock(stripe);
}

// Note [Waiting for readers]
// Let R be a reader that loaded a pointer before it was replaced. All four operations are sequentially consistent, so
// in their total order, R's lock comes before its load, which comes before the replacement, which comes before the load
// of the state below. So the load sees R's lock, or a later state of the stripe. In each later state R has unlocked the
// stripe, and reading that state synchronizes with the unlock.
void StripedSharedMutex::WaitForReaders() const {
  for (const Stripe& stripe : stripes_) {
    const std::uint64_t state = stripe.state.load(std::memory_order_seq_cst);
    if (!IsLocked(state)) continue;
    WaitUntil([&] { return stripe.state.load(std::memory_order_acquire) != state; });
  }
}

std::int64_t StripedSharedMutex::count() const {
  std::int64_t sum = 0;
  for (const Stripe& stripe : stripes_) sum += stripe.count.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace metaconv
