// Measure: runs a function several times and returns the time of each run.
//
// Example:
//   absl::StatusOr<std::vector<double>> seconds =
//       Measure({.rounds = 7, .seconds = 2}, [&] { return EvictFile(); }, [&] { return LoadFile(); });
//
// Thread safety: that of the functions.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_BENCHMARKS_TRANSFERS_MEASURE_H_
#define METACONV_BENCHMARKS_TRANSFERS_MEASURE_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace metaconv {

struct MeasureLimits {
  int rounds = 7;      // The most runs.
  double seconds = 2;  // No further run starts after this time, except for the first two.
};

// Each run is `prepare`, which is not timed, followed by `run`. One more run comes before them and is not timed: it
// allocates what later runs reuse. The first error ends the call.
absl::StatusOr<std::vector<double>> Measure(const MeasureLimits& limits, absl::FunctionRef<absl::Status()> prepare,
                                            absl::FunctionRef<absl::Status()> run);
absl::StatusOr<std::vector<double>> Measure(const MeasureLimits& limits, absl::FunctionRef<absl::Status()> run);

// The time that one call takes.
absl::StatusOr<double> SecondsOf(absl::FunctionRef<absl::Status()> run);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_TRANSFERS_MEASURE_H_
