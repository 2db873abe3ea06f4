#include "benchmarks/guard/cost.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/guard/allocation_count.h"
#include "benchmarks/guard/operator_count.h"

namespace metaconv {
namespace {

using Counts = std::map<std::int64_t, int>;  // Cost of one tensor: number of tensors with that cost.

absl::StatusOr<std::int64_t> Usual(const char* what, const Counts& counts) {
  int tensors = 0;
  for (const auto& [count, taken_by] : counts) tensors += taken_by;
  const auto usual =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (4 * usual->second >= 3 * tensors) return usual->first;
  return absl::InternalError(absl::StrCat(what, ": expected one number for most tensors, found (number: tensors) ",
                                          absl::StrJoin(counts, ", ", absl::PairFormatter(": "))));
}

// Runs `work` for the tensors from `begin` to `end`, and counts by how much `read` grows for each of them.
Counts Measure(int begin, int end, absl::FunctionRef<std::int64_t()> read, absl::FunctionRef<void(int i)> work) {
  Counts counts;
  for (int i = begin; i < end; ++i) {
    const std::int64_t before = read();
    work(i);
    const std::int64_t after = read();
    ++counts[after - before];
  }
  return counts;
}

}  // namespace

// Each quantity is measured with other tensors, because LibTorch may allocate memory while its operators are observed.
absl::StatusOr<Cost> CostOfEach(const MetaConverter& converter, absl::FunctionRef<void(int i)> work) {
  constexpr int kThird = kTensorsMeasured / 3;
  const Counts allocations = Measure(0, kThird, AllocationCount, work);
  const Counts lookups = Measure(
      kThird, 2 * kThird, [&] { return converter.table_lookups(); }, work);
  const OperatorCount watch;
  const Counts operators = Measure(
      2 * kThird, 3 * kThird, [&] { return watch.calls(); }, work);
  const absl::StatusOr<std::int64_t> usual[] = {Usual("allocations", allocations), Usual("operators", operators),
                                                Usual("look-ups", lookups)};
  for (const absl::StatusOr<std::int64_t>& count : usual) {
    if (!count.ok()) return count.status();
  }
  return Cost{.allocations = *usual[0], .operators = *usual[1], .lookups = *usual[2]};
}

}  // namespace metaconv
