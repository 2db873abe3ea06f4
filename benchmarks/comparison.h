// Comparison: measures chosen works and their baselines in turns, in one process, and prints the fastest round of each.
//
// Use it to compare works while changing the code. Unlike separate benchmarks, which run one after the other, the works
// of a comparison are all affected by other load on the machine.
//
// Example:
//   Comparison comparison(ConvertWorks());
//   if (comparison.Choose("convert_all/first")) {
//     comparison.Run({.name = "tiny", .size = 100000}, /*rounds=*/5, std::cout);
//   }
//   // tiny, 100000 tensors, 5 rounds
//   //   convert_all/first                        312 ns
//   //     convert/by_hand                        155 ns   2.01x
//
// Thread safety: Thread-compatible.
// Lifetime: owns copies of the works.

#ifndef METACONV_BENCHMARKS_COMPARISON_H_
#define METACONV_BENCHMARKS_COMPARISON_H_

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/graphs/graphs.h"
#include "benchmarks/works/work.h"

namespace metaconv {

class Comparison {
 public:
  explicit Comparison(std::vector<Work> works, Clock clock = Clock::kWall) : works_(std::move(works)), clock_(clock) {}

  // Adds the work of that name. A name that ends with "*" adds all works that begin with the rest of it. Returns false
  // if there is no such work.
  bool Choose(std::string_view name);

  // The graphs of the chosen works.
  std::vector<std::string> Graphs() const;

  // Measures the chosen works that run on the graph. The process ends if the graph cannot be made.
  void Run(const GraphSpec& spec, int rounds, std::ostream& out) const;

 private:
  // The baselines of `work` that run on the graph.
  std::vector<const Work*> Floors(const Work& work, const std::string& graph) const;

  std::vector<Work> works_;
  Clock clock_;
  std::vector<std::size_t> chosen_;  // Indices of `works_`.
};

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_COMPARISON_H_
