#include "converter/striped_counter.h"

namespace metaconv {

std::size_t StripedCounter::StripeOfThread() {
  static std::atomic<std::size_t> next = 0;
  thread_local const std::size_t stripe = next.fetch_add(1, std::memory_order_relaxed) % kStripes;
  return stripe;
}

}  // namespace metaconv
