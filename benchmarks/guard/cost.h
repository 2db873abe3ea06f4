// CostOfEach: the cost of an operation per tensor, in numbers that are the same on every machine.
//
// Example:
//   std::vector<at::Tensor> results(kTensorsMeasured);
//   const absl::StatusOr<Cost> cost =
//       CostOfEach(converter, [&](int i) { results[i] = *converter.Convert(sources[i]); });
//
// Note [Reproducible costs]
// A table grows occasionally, and for which tensor it does depends on addresses. The work is therefore measured for one
// tensor at a time, and the result is the cost that most tensors have. It excludes growing tables and one-time
// initialization. It is an error if no cost is that of most tensors. The converter must have seen enough other tensors
// before the measurement, so that its tables grow rarely.
//
// Thread safety: for one thread.
// Lifetime: keeps nothing.

#ifndef METACONV_BENCHMARKS_GUARD_COST_H_
#define METACONV_BENCHMARKS_GUARD_COST_H_

#include <cstdint>
#include <ostream>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "converter/meta_converter.h"

namespace metaconv {

struct Cost {
  std::int64_t allocations = 0;
  std::int64_t operators = 0;  // Calls of LibTorch's dispatcher, including those from operators.
  std::int64_t lookups = 0;    // In the tables of the converter and of its describer.

  friend auto operator<=>(const Cost&, const Cost&) = default;
  friend std::ostream& operator<<(std::ostream& os, const Cost& cost) {
    return os << "{" << cost.allocations << ", " << cost.operators << ", " << cost.lookups << "}";
  }
};

// `work` is called once for each i from 0 to kTensorsMeasured - 1, in order.
inline constexpr int kTensorsMeasured = 3 * 64;

// Errors: kInternal if fewer than three quarters of the tensors have the same cost.
absl::StatusOr<Cost> CostOfEach(const MetaConverter& converter, absl::FunctionRef<void(int i)> work);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GUARD_COST_H_
