// Setups of works that measure conversion, shared by several tables of works.
//
// Thread safety: as Work.
// Lifetime: as Work.

#ifndef METACONV_BENCHMARKS_WORKS_CONVERSION_H_
#define METACONV_BENCHMARKS_WORKS_CONVERSION_H_

#include "benchmarks/works/work.h"

namespace metaconv {

// Converts each tensor with a new converter.
Prepare ConvertFirst(const Graph& graph);
Prepare ConvertAllFirst(const Graph& graph);  // By one call.
// Converts each tensor again while its result is alive.
Prepare ConvertAgain(const Graph& graph);
Prepare ConvertAllAgain(const Graph& graph);  // By one call.
// Baseline for ConvertAgain: one look-up per tensor in a hash table of all tensors.
Prepare LookUp(const Graph& graph);
// Baseline for ConvertFirst: see by_hand.h.
Prepare MakeByHand(const Graph& graph);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_CONVERSION_H_
