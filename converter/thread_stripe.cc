#include "converter/thread_stripe.h"

#include <atomic>

namespace metaconv::internal {

std::size_t AssignThreadStripe() {
  static std::atomic<std::size_t> next = 0;
  return thread_stripe = next.fetch_add(1, std::memory_order_relaxed) % kThreadStripes;
}

}  // namespace metaconv::internal
