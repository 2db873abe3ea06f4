// StripedCounter: a count to which many threads add without waiting for each other.
//
// A single atomic number travels between the caches of all threads that add to it, at the price of a miss each time.
//
// Example:
//   StripedCounter calls;
//   calls.Increment();
//   calls.Sum();
//
// Thread safety: Thread-safe. A sum taken while others add has some of what they add.
// Lifetime: plain memory.

#ifndef METACONV_CONVERTER_STRIPED_COUNTER_H_
#define METACONV_CONVERTER_STRIPED_COUNTER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace metaconv {

class StripedCounter {
 public:
  // Nothing is published by the counts, so their order does not matter.
  void Increment() { stripes_[StripeOfThread()].count.fetch_add(1, std::memory_order_relaxed); }

  std::int64_t Sum() const {
    std::int64_t sum = 0;
    for (const Stripe& stripe : stripes_) sum += stripe.count.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  static constexpr std::size_t kStripes = 16;

  struct alignas(64) Stripe {
    std::atomic<std::int64_t> count = 0;
  };

  // Threads take turns.
  static std::size_t StripeOfThread();

  std::array<Stripe, kStripes> stripes_;
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_STRIPED_COUNTER_H_
