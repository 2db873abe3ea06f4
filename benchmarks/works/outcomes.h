// Outcomes: the results of calls for whole models, kept until the clock has stopped.
//
// The destructor checks the results and then destroys them. A Run owns its Outcomes, so neither is timed.
//
// Example:
//   auto outcomes = std::make_shared<Outcomes<at::Tensor>>();
//   return [&graph, converter, outcomes] { outcomes->Take(converter->Convert(graph.tensors)); };
//
// Thread safety: Thread-compatible.
// Lifetime: owns the results.

#ifndef METACONV_BENCHMARKS_WORKS_OUTCOMES_H_
#define METACONV_BENCHMARKS_WORKS_OUTCOMES_H_

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/works/work.h"

namespace metaconv {

template <typename T>
class Outcomes {
 public:
  Outcomes() = default;
  Outcomes(const Outcomes&) = delete;
  Outcomes& operator=(const Outcomes&) = delete;

  // Prints the first error, if there is one, and ends the process.
  ~Outcomes() {
    for (const std::vector<absl::StatusOr<T>>& results : calls_) {
      for (const absl::StatusOr<T>& result : results) {
        if (!result.ok()) DieOf(result.status());
      }
    }
  }

  // Keeps the results of one call.
  void Take(std::vector<absl::StatusOr<T>> results) { calls_.push_back(std::move(results)); }

 private:
  std::vector<std::vector<absl::StatusOr<T>>> calls_;
};

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_OUTCOMES_H_
