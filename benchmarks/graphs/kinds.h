// Tensors of one kind each, and a mix of them, unrelated to each other.
//
// Thread safety: pure functions but for the numbers that they draw.
// Lifetime: results own their tensors.

#ifndef METACONV_BENCHMARKS_GRAPHS_KINDS_H_
#define METACONV_BENCHMARKS_GRAPHS_KINDS_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "benchmarks/graphs/random.h"

namespace metaconv {

// Dense ones as a model has many of: up to three small dimensions, of several dtypes.
std::vector<at::Tensor> TinyTensors(Random& random, std::int64_t count);
std::vector<at::Tensor> ComplexTensors(Random& random, std::int64_t count);
// Views that conj() makes, each of a tensor that is not in the list.
std::vector<at::Tensor> ConjugateTensors(Random& random, std::int64_t count);
std::vector<at::Tensor> SparseCooTensors(Random& random, std::int64_t count);
std::vector<at::Tensor> SparseCsrTensors(Random& random, std::int64_t count);
// All of the above at random.
std::vector<at::Tensor> MixedTensors(Random& random, std::int64_t count);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_KINDS_H_
