// Graphs of tensors that share memory.
//
// Thread safety: pure functions, except that they advance the random number generator.
// Lifetime: results own their tensors.

#ifndef METACONV_BENCHMARKS_GRAPHS_ALIASES_H_
#define METACONV_BENCHMARKS_GRAPHS_ALIASES_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "benchmarks/graphs/random.h"

namespace metaconv {

// Overlapping slices, a thousand of each base. The bases are not in the list.
std::vector<at::Tensor> Views(Random& random, std::int64_t count);
// The same, with the view operators recorded by LibTorch, so that they can be replayed.
std::vector<at::Tensor> ReplayedViews(Random& random, std::int64_t count);
// Chains of views of views, up to 64 deep. Each chain follows its base.
std::vector<at::Tensor> Chains(Random& random, std::int64_t count);
// Bases, each followed by up to 32 views: expanded, transposed, overlapping, with steps, and chains of views.
std::vector<at::Tensor> AliasForest(Random& random, std::int64_t count);
// Tensors on one storage that are not views of each other.
std::vector<at::Tensor> SharedStorage(Random& random, std::int64_t count);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_ALIASES_H_
