// Fingerprint: one number for all that a graph consists of, so that another program can say whether its graph is the same.
//
// FNV-1a over 64-bit words: of each tensor its layout, dtype, sizes, strides, offset, storage, autograd state, base and
// gradient. Tensors and storages are named by the order in which they come. reference/graphs.py computes the same.
//
// Thread safety: pure function; the tensors must not be changed meanwhile.
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
