// What conversion is measured by: the setups that several tables of works share.
//
// Thread safety: as Work.
// Lifetime: as Work.

#ifndef METACONV_BENCHMARKS_WORKS_CONVERSION_H_
#define METACONV_BENCHMARKS_WORKS_CONVERSION_H_

#include "benchmarks/works/work.h"

namespace metaconv {

// By a converter that has seen none of the tensors.
Prepare ConvertFirst(const Graph& graph);
// Of tensors whose results are there.
Prepare ConvertAgain(const Graph& graph);
// The floor for ConvertAgain: a look-up for each tensor, in a hash table of all of them.
Prepare LookUp(const Graph& graph);
// LibTorch's floor for ConvertFirst, see by_hand.h.
Prepare MakeByHand(const Graph& graph);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_CONVERSION_H_
