#include "benchmarks/transfers/measure.h"

#include <chrono>

namespace metaconv {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

absl::StatusOr<double> SecondsOf(absl::FunctionRef<absl::Status()> run) {
  const Clock::time_point start = Clock::now();
  absl::Status status = run();
  const double seconds = SecondsSince(start);
  if (!status.ok()) return status;
  return seconds;
}

absl::StatusOr<std::vector<double>> Measure(const MeasureLimits& limits, absl::FunctionRef<absl::Status()> prepare,
                                            absl::FunctionRef<absl::Status()> run) {
  const Clock::time_point start = Clock::now();
  std::vector<double> seconds;
  for (int i = -1; i < limits.rounds && (i < 2 || SecondsSince(start) < limits.seconds); ++i) {
    if (absl::Status status = prepare(); !status.ok()) return status;
    const absl::StatusOr<double> time = SecondsOf(run);
    if (!time.ok()) return time.status();
    if (i >= 0) seconds.push_back(*time);
  }
  return seconds;
}

absl::StatusOr<std::vector<double>> Measure(const MeasureLimits& limits, absl::FunctionRef<absl::Status()> run) {
  return Measure(
      limits, [] { return absl::OkStatus(); }, run);
}

}  // namespace metaconv
