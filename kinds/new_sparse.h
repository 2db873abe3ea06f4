// NewSparseCoo, NewSparseCompressed: create sparse tensors from given parts without calling operators.
//
// LibTorch's operators for sparse tensors, and the public constructors of its sparse TensorImpls, go through the
// dispatcher for each of the parts, which takes longer than all other work for such a tensor.
//
// Example:
//   const at::Tensor tensor = NewSparseCoo(c10::kFloat, /*sparse_dim=*/2, {4, 8});
//   tensor._nnz();   // 0
//
// The results are those of the operators, for plain sizes on the meta device. Both throw c10::Error, as operators do.
//
// Thread safety: Thread-safe.
// Lifetime: retains no reference to its arguments, other than to the parts.

#ifndef METACONV_KINDS_NEW_SPARSE_H_
#define METACONV_KINDS_NEW_SPARSE_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"
#include "c10/util/ArrayRef.h"

namespace metaconv {

// A sparse COO tensor without elements on the meta device, as at::_sparse_coo_tensor_with_dims creates it. `size` starts
// with the sparse dimensions.
at::Tensor NewSparseCoo(c10::ScalarType dtype, std::int64_t sparse_dim, c10::IntArrayRef size);

// The three tensors that a sparse compressed tensor consists of.
struct CompressedParts {
  at::Tensor compressed_indices;
  at::Tensor plain_indices;
  at::Tensor values;
};

// A sparse compressed tensor that consists of `parts`, which must be on the meta device, as
// at::_sparse_compressed_tensor_unsafe creates it.
at::Tensor NewSparseCompressed(c10::Layout layout, c10::IntArrayRef size, CompressedParts parts);

}  // namespace metaconv

#endif  // METACONV_KINDS_NEW_SPARSE_H_
