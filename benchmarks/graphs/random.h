// Random: the SplitMix64 generator, chosen because it is easy to implement identically in reference/graphs.py.
//
// Example:
//   Random random(/*seed=*/1);
//   const std::int64_t rows = 1 + random.Below(8);
//
// Thread safety: Thread-compatible.
// Lifetime: a value.

#ifndef METACONV_BENCHMARKS_GRAPHS_RANDOM_H_
#define METACONV_BENCHMARKS_GRAPHS_RANDOM_H_

#include <cstdint>

namespace metaconv {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  // A number from 0 to `bound` - 1. Slightly biased, which does not matter here.
  std::int64_t Below(std::int64_t bound) {
    return static_cast<std::int64_t>(Next() % static_cast<std::uint64_t>(bound));
  }

 private:
  std::uint64_t state_;
};

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_RANDOM_H_
