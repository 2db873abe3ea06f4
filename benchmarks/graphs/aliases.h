// Tensors that share memory.
//
// Thread safety: pure functions but for the numbers that they draw.
// Lifetime: results own their tensors.

#ifndef METACONV_BENCHMARKS_GRAPHS_ALIASES_H_
#define METACONV_BENCHMARKS_GRAPHS_ALIASES_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "benchmarks/graphs/random.h"

namespace metaconv {

// Overlapping slices, a thousand of each base; the bases are not in the list.
std::vector<at::Tensor> Views(Random& random, std::int64_t count);
// The same, of which LibTorch remembers the operators that made them.
std::vector<at::Tensor> ReplayedViews(Random& random, std::int64_t count);
// Views of views, up to 64 deep, each chain behind its base.
std::vector<at::Tensor> Chains(Random& random, std::int64_t count);
// Bases with up to 32 views each behind them: expanded, transposed, overlapping, with steps, and chains of views.
std::vector<at::Tensor> AliasForest(Random& random, std::int64_t count);
// Tensors that are no views of each other, all on one storage.
std::vector<at::Tensor> SharedStorage(Random& random, std::int64_t count);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_ALIASES_H_
