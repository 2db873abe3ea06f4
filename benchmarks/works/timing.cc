#include "benchmarks/works/timing.h"

namespace metaconv {
namespace {

// Long enough for the clock's resolution, and short enough for works whose preparation is much slower than their run.
constexpr double kTimedNanoseconds = 100e6;
constexpr int kMostRuns = 10000;
constexpr int kMostSlowPreparations = 5;

}  // namespace

double NanosecondsPerConversion(const Work& work, const Prepare& prepare, std::size_t tensors, Clock clock) {
  const int most_runs = work.slow_to_prepare ? kMostSlowPreparations : kMostRuns;
  double total = 0;
  int runs = 0;
  for (; total < kTimedNanoseconds && runs < most_runs; ++runs) total += Nanoseconds(prepare(), clock);
  return total / runs / (work.conversions_per_tensor * static_cast<double>(tensors));
}

}  // namespace metaconv
