// ThreadStripe: the stripe of the calling thread, for data that is split into stripes so that threads rarely share one.
//
// Threads get the stripes in turn, so up to kThreadStripes threads that were started one after another share nothing.
//
// Example:
//   std::array<Stripe, kThreadStripes> stripes;
//   stripes[ThreadStripe()].count.fetch_add(1, std::memory_order_relaxed);
//
// Thread safety: Thread-safe. Two threads may have the same stripe.
// Lifetime: a thread keeps its stripe.

#ifndef METACONV_CONVERTER_THREAD_STRIPE_H_
#define METACONV_CONVERTER_THREAD_STRIPE_H_

#include <cstddef>

namespace metaconv {

inline constexpr std::size_t kThreadStripes = 16;

namespace internal {

// kThreadStripes before the first use. Initialized by the compiler, so that reading it needs no check.
inline constinit thread_local std::size_t thread_stripe = kThreadStripes;

std::size_t AssignThreadStripe();

}  // namespace internal

inline std::size_t ThreadStripe() {
  const std::size_t stripe = internal::thread_stripe;
  return stripe < kThreadStripes ? stripe : internal::AssignThreadStripe();
}

}  // namespace metaconv

#endif  // METACONV_CONVERTER_THREAD_STRIPE_H_
