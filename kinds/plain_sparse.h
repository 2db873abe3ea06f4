// IsPlainSparseCoo, IsPlainSparseCompressed: whether a sparse tensor is of LibTorch's own type for its layout, and has
// neither dispatch keys of other kinds nor autograd metadata.
//
// Such a tensor is neither a wrapper nor a view. As IsPlainTensor of plain_tensor.h, these replace slower checks for
// nearly all sparse tensors.
//
// Example:
//   if (IsPlainSparseCoo(tensor)) return kSparseCoo;
//
// Thread safety: pure functions. The tensor must not be modified during the call.
// Lifetime: nothing is kept.

#ifndef METACONV_KINDS_PLAIN_SPARSE_H_
#define METACONV_KINDS_PLAIN_SPARSE_H_

#include <typeinfo>

#include "ATen/SparseCsrTensorImpl.h"
#include "ATen/SparseTensorImpl.h"
#include "ATen/core/Tensor.h"
#include "c10/core/DispatchKeySet.h"
#include "c10/core/TensorImpl.h"

namespace metaconv {
namespace internal {

template <typename Impl>
bool IsPlainSparse(const at::Tensor& tensor, c10::DispatchKeySet keys) {
  const c10::DispatchKeySet plain =
      c10::autograd_dispatch_keyset_with_ADInplaceOrView | c10::autocast_dispatch_keyset | keys;
  const at::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  // Compares bits, because the difference of two DispatchKeySets does not remove the backend bits.
  return (impl.key_set().raw_repr() & ~plain.raw_repr()) == 0 && impl.autograd_meta() == nullptr &&
         typeid(impl) == typeid(Impl);
}

}  // namespace internal

// Both are false for an undefined tensor.

inline bool IsPlainSparseCoo(const at::Tensor& tensor) {
  constexpr c10::DispatchKeySet kKeys(
      {c10::DispatchKey::SparseCPU, c10::DispatchKey::SparseCUDA, c10::DispatchKey::SparseMeta});
  return internal::IsPlainSparse<at::SparseTensorImpl>(tensor, kKeys);
}

inline bool IsPlainSparseCompressed(const at::Tensor& tensor) {
  constexpr c10::DispatchKeySet kKeys(
      {c10::DispatchKey::SparseCsrCPU, c10::DispatchKey::SparseCsrCUDA, c10::DispatchKey::SparseCsrMeta});
  return internal::IsPlainSparse<at::SparseCsrTensorImpl>(tensor, kKeys);
}

}  // namespace metaconv

#endif  // METACONV_KINDS_PLAIN_SPARSE_H_
