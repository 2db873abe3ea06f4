// MeasureMemory: what a converter keeps for each tensor, beyond the results.
//
// Thread safety: of one thread, while no other allocates.
// Lifetime: nothing stays.

#ifndef METACONV_BENCHMARKS_MEMORY_H_
#define METACONV_BENCHMARKS_MEMORY_H_

#include "benchmarks/graphs/graphs.h"

namespace metaconv {

// Bytes in use for each tensor of the graph.
struct MemoryPerTensor {
  double sources = 0;
  // Results that LibTorch's operators make: see works/by_hand.h.
  double results = 0;
  // With all results alive: what there is beyond `results`.
  double alive = 0;
  // What is left when sources and results are gone, and the converter was swept.
  double dropped = 0;
};

MemoryPerTensor MeasureMemory(const GraphSpec& spec);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_MEMORY_H_
