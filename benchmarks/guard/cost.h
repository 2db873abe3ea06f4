// CostOfEach: what a piece of work takes for one tensor of many, in numbers that are the same on every machine.
//
// Example:
//   std::vector<at::Tensor> results(kTensorsMeasured);
//   const absl::StatusOr<Cost> cost = CostOfEach(converter, [&](int i) { results[i] = *converter.Convert(sources[i]); });
//
// Note [Costs that do not depend on luck]
// Tables grow now and then, and which tensor meets that depends on addresses. So the work is measured for one tensor at
// a time, and the cost is what nearly all of them take: whole numbers, without what a growing table or the first look at
// something takes. It is an error if there is no such cost. The converter must have met enough other tensors before that
// its tables grow rarely.
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
  std::int64_t operators = 0;  // Calls of LibTorch's dispatcher, from operators too.
  std::int64_t lookups = 0;    // In the tables of the converter and of its describer.

  friend auto operator<=>(const Cost&, const Cost&) = default;
  friend std::ostream& operator<<(std::ostream& os, const Cost& cost) {
    return os << "{" << cost.allocations << ", " << cost.operators << ", " << cost.lookups << "}";
  }
};

// `work` is called once for each i below this, in order.
inline constexpr int kTensorsMeasured = 3 * 64;

// Errors: kInternal if the tensors do not all take the same, but for a few.
absl::StatusOr<Cost> CostOfEach(const MetaConverter& converter, absl::FunctionRef<void(int i)> work);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GUARD_COST_H_
