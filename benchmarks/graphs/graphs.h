// MakeGraph: creates the graphs of tensors that the benchmarks use, from a name, a seed and a size.
//
// reference/graphs.py creates identical graphs in Python, with the same random numbers; Fingerprint (fingerprint.h)
// checks that. The tensors are on the meta device, because the measured code does not access data. Sparse tensors are
// small and on the CPU.
//
// Example:
//   absl::StatusOr<Graph> graph = MakeGraph({.name = "training", .seed = 1, .size = 100000});
//
// Thread safety: Thread-safe, except for concurrent calls with "safetensors".
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
  // One of GraphNames(), or "checkpoint:PATH" for the tensors of that file, which ignores `size`. The suffix
  // "/shuffled" puts the tensors in another order than they have in memory.
  std::string name;
  std::uint64_t seed = 1;
  // The number of tensors in the list; a tensor may be listed more than once.
  std::int64_t size = 0;

  friend bool operator==(const GraphSpec&, const GraphSpec&) = default;
};

std::vector<std::string_view> GraphNames();

// Errors: kInvalidArgument for an unknown name; those of ReadCheckpoint.
absl::StatusOr<Graph> MakeGraph(const GraphSpec& spec);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_GRAPHS_H_
