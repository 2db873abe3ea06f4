// SparseDims: the sparse and dense dimensions of a sparse tensor, and whether it is coalesced. Reads them without
// operators, so it works for native fake tensors, for which no operators are registered.
//
// Example:
//   desc.sparse_dim = SparseDimsOf(tensor).sparse;
//
// Thread safety: a pure function; the tensor must not be modified concurrently.
// Lifetime: a plain value.

#ifndef METACONV_META_SPARSE_DIMS_H_
#define METACONV_META_SPARSE_DIMS_H_

#include <cstdint>

#include "ATen/SparseCsrTensorImpl.h"
#include "ATen/SparseTensorImpl.h"
#include "ATen/core/Tensor.h"
#include "meta/sparse_layout.h"

namespace metaconv {

struct SparseDims {
  std::int64_t sparse;
  std::int64_t dense;
  bool is_coalesced;
};

// `tensor` must have a sparse layout. It may be a wrapper of a sparse tensor.
inline SparseDims SparseDimsOf(const at::Tensor& tensor) {
  const at::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  if (const auto* coo = dynamic_cast<const at::SparseTensorImpl*>(impl)) {
    return {coo->sparse_dim(), coo->dense_dim(), coo->coalesced()};
  }
  if (const auto* compressed = dynamic_cast<const at::SparseCsrTensorImpl*>(impl)) {
    return {compressed->sparse_dim(), compressed->dense_dim(), false};
  }
  return {tensor.sparse_dim(), tensor.dense_dim(), IsSparseCoo(tensor.layout()) && tensor.is_coalesced()};
}

}  // namespace metaconv

#endif  // METACONV_META_SPARSE_DIMS_H_
