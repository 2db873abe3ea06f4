// Graphs of unrelated tensors: of one kind each, and of all kinds.
//
// Thread safety: pure functions, except that they advance the random number generator.
// Lifetime: results own their tensors.

#ifndef METACONV_BENCHMARKS_GRAPHS_KINDS_H_
#define METACONV_BENCHMARKS_GRAPHS_KINDS_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "benchmarks/graphs/random.h"

namespace metaconv {

// Small dense tensors: up to three dimensions, several dtypes.
std::vector<at::Tensor> TinyTensors(Random& random, std::int64_t count);
std::vector<at::Tensor> ComplexTensors(Random& random, std::int64_t count);
// Conjugate views (conj()) of tensors that are not in the list.
std::vector<at::Tensor> ConjugateTensors(Random& random, std::int64_t count);
std::vector<at::Tensor> SparseCooTensors(Random& random, std::int64_t count);
std::vector<at::Tensor> SparseCsrTensors(Random& random, std::int64_t count);
// A random mix of all of the above.
std::vector<at::Tensor> MixedTensors(Random& random, std::int64_t count);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_KINDS_H_
