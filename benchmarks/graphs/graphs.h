// MakeGraph: the graphs that the benchmarks measure, by name, as a function of a seed and a size.
//
// reference/graphs.py makes the same ones in Python, number by number; Fingerprint (fingerprint.h) is how that is checked.
// Tensors are on the meta device, where their data cost nothing: what is measured does not look at data. Sparse ones are
// small and on the CPU.
//
// Example:
//   absl::StatusOr<Graph> graph = MakeGraph({.name = "training", .seed = 1, .size = 100000});
//
// Thread safety: any thread, not two at once with "safetensors".
// Lifetime: see graph.h.

#ifndef METACONV_BENCHMARKS_GRAPHS_GRAPHS_H_
#define METACONV_BENCHMARKS_GRAPHS_GRAPHS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/graphs/graph.h"

namespace metaconv {

struct GraphSpec {
  // One of GraphNames(), or "checkpoint:PATH": the tensors of that file, whatever the size. With "/shuffled" behind it:
  // in another order than that in which they lie in memory.
  std::string name;
  std::uint64_t seed = 1;
  // Tensors in the graph, each counted as often as it is listed.
  std::int64_t size = 0;

  friend bool operator==(const GraphSpec&, const GraphSpec&) = default;
};

std::vector<std::string_view> GraphNames();

// Errors: kInvalidArgument for a name that is not known; those of ReadCheckpoint.
absl::StatusOr<Graph> MakeGraph(const GraphSpec& spec);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_GRAPHS_H_
