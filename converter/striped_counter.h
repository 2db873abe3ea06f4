// StripedCounter: a counter that many threads can increment without contention.
//
// With a single atomic counter, each increment on another CPU misses the cache.
//
// Example:
//   StripedCounter calls;
//   calls.Increment();
//   calls.Sum();
//
// Thread safety: Thread-safe. A sum that is taken during increments includes some of them.
// Lifetime: no constraints.

#ifndef METACONV_CONVERTER_STRIPED_COUNTER_H_
#define METACONV_CONVERTER_STRIPED_COUNTER_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "converter/thread_stripe.h"

namespace metaconv {

class StripedCounter {
 public:
  // Relaxed: the counts publish no other data.
  void Increment() { Add(1); }
  void Add(std::int64_t count) { stripes_[ThreadStripe()].count.fetch_add(count, std::memory_order_relaxed); }

  std::int64_t Sum() const {
    std::int64_t sum = 0;
    for (const Stripe& stripe : stripes_) sum += stripe.count.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  struct alignas(64) Stripe {
    std::atomic<std::int64_t> count = 0;
  };

  std::array<Stripe, kThreadStripes> stripes_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_STRIPED_COUNTER_H_
