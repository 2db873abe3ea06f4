// IsSparseCoo, IsSparseCompressedLayout, IsSparseAny: predicates for sparse layouts.
//
// Example:
//   if (IsSparseCompressedLayout(desc.layout)) …   // CSR, CSC, BSR or BSC
//   if (IsSparseAny(desc.layout)) …                // or COO
//
// The reference's predicates accept any Python object and check first that it is a tensor; here the parameter is a
// layout.
//
// Thread safety: pure functions.
// Lifetime: arguments and results are plain values.
// Source: `is_sparse_coo`, `is_sparse_compressed_layout`, `is_sparse_any` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_META_SPARSE_LAYOUT_H_
#define METACONV_META_SPARSE_LAYOUT_H_

#include "c10/core/Layout.h"

namespace metaconv {

constexpr bool IsSparseCoo(c10::Layout layout) { return layout == c10::Layout::Sparse; }

constexpr bool IsSparseCompressedLayout(c10::Layout layout) {
  return layout == c10::Layout::SparseCsr || layout == c10::Layout::SparseCsc || layout == c10::Layout::SparseBsr ||
         layout == c10::Layout::SparseBsc;
}

constexpr bool IsSparseAny(c10::Layout layout) { return IsSparseCoo(layout) || IsSparseCompressedLayout(layout); }

}  // namespace metaconv

#endif  // METACONV_META_SPARSE_LAYOUT_H_
