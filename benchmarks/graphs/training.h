// Graphs of the tensors that a training run keeps in memory.
//
// Thread safety: pure functions, except that they advance the random number generator.
// Lifetime: results own their tensors.

#ifndef METACONV_BENCHMARKS_GRAPHS_TRAINING_H_
#define METACONV_BENCHMARKS_GRAPHS_TRAINING_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "benchmarks/graphs/random.h"

namespace metaconv {

// Parameters with gradients. The gradients are not in the list.
std::vector<at::Tensor> Parameters(Random& random, std::int64_t count);

// A transformer with as many layers as needed: each parameter with its gradient and the two moments of its optimizer;
// query, key and value as views of one packed weight; the output layer's weight tied to the embedding.
std::vector<at::Tensor> TrainingState(Random& random, std::int64_t count);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_TRAINING_H_
