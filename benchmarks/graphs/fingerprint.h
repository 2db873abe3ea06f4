// Fingerprint: a hash of a graph, with which two programs check that they have the same graph.
//
// FNV-1a over 64-bit words: of each tensor its layout, dtype, sizes, strides, offset, storage, autograd state, base and
// gradient. Tensors and storages are numbered in order of appearance. reference/graphs.py computes the same hash.
//
// Thread safety: pure function. The tensors must not be modified during the call.
// Lifetime: the result is a number.

#ifndef METACONV_BENCHMARKS_GRAPHS_FINGERPRINT_H_
#define METACONV_BENCHMARKS_GRAPHS_FINGERPRINT_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"

namespace metaconv {

std::uint64_t Fingerprint(const std::vector<at::Tensor>& tensors);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_GRAPHS_FINGERPRINT_H_
