// MeasureMemory: the memory that a converter needs per tensor, in addition to the results.
//
// Thread safety: for one thread, while no other thread allocates.
// Lifetime: keeps nothing.

#ifndef METACONV_BENCHMARKS_MEMORY_H_
#define METACONV_BENCHMARKS_MEMORY_H_

#include "benchmarks/graphs/graphs.h"

namespace metaconv {

// Bytes per tensor of the graph.
struct MemoryPerTensor {
  double sources = 0;
  // Results created by LibTorch's operators: see works/by_hand.h.
  double results = 0;
  // While all results are alive, made by one call each: what is allocated in addition to `results`.
  double alive = 0;
  // The same with one call for all tensors. The vector that it returns is not counted.
  double alive_all = 0;
  // After sources and results were destroyed and the converters were swept.
  double dropped = 0;
};

MemoryPerTensor MeasureMemory(const GraphSpec& spec);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_MEMORY_H_
