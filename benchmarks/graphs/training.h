// What a training run keeps in memory.
//
// Thread safety: pure functions but for the numbers that they draw.
// Lifetime: results own their tensors.

#ifndef METACONV_BENCHMARKS_GRAPHS_TRAINING_H_
#define METACONV_BENCHMARKS_GRAPHS_TRAINING_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "benchmarks/graphs/random.h"

namespace metaconv {

// Parameters that each have a gradient, which is not in the list.
std::vector<at::Tensor> Parameters(Random& random, std::int64_t count);

// A transformer of as many layers as it takes: each parameter with its gradient and the two moments of its optimizer,
// query, key and value as views of one packed weight, and an output layer that is the embedding.
std::vector<at::Tensor> TrainingState(Random& random, std::int64_t count);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_TRAINING_H_
