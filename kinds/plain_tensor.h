// IsPlainTensor: whether a tensor is of the type at::TensorImpl itself and has no dispatch keys of other kinds.
//
// Such a tensor is a view or a dense tensor, except for views of sparse tensors. This covers nearly all tensors, and
// takes a few nanoseconds, so callers check it before they search the table of kinds.
//
// Example:
//   if (IsPlainDense(tensor)) return absl::OkStatus();   // Nothing else is reachable from it.
//
// Thread safety: pure functions. The tensor must not be modified during the call.
// Lifetime: nothing is kept.

#ifndef METACONV_KINDS_PLAIN_TENSOR_H_
#define METACONV_KINDS_PLAIN_TENSOR_H_

#include <typeinfo>

#include "ATen/core/Tensor.h"
#include "c10/core/DispatchKeySet.h"
#include "c10/core/TensorImpl.h"

namespace metaconv {

// False for an undefined tensor.
inline bool IsPlainTensor(const at::Tensor& tensor) {
  constexpr c10::DispatchKeySet kPlain =
      c10::autograd_dispatch_keyset_with_ADInplaceOrView |
      c10::DispatchKeySet({c10::DispatchKey::CPU, c10::DispatchKey::AutocastCPU, c10::DispatchKey::CUDA,
                           c10::DispatchKey::AutocastCUDA, c10::DispatchKey::Meta});
  const at::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  // Compares bits, because the difference of two DispatchKeySets does not remove the backend bits. For this type,
  // has_storage() is a virtual call that only compares the storage with null.
  return (impl.key_set().raw_repr() & ~kPlain.raw_repr()) == 0 && impl.unsafe_storage() &&
         typeid(impl) == typeid(at::TensorImpl);
}

// A plain tensor without autograd metadata: a dense tensor that is a leaf, and has neither a gradient nor a base.
inline bool IsPlainDense(const at::Tensor& tensor) {
  return IsPlainTensor(tensor) && tensor.unsafeGetTensorImpl()->autograd_meta() == nullptr;
}

}  // namespace metaconv

#endif  // METACONV_KINDS_PLAIN_TENSOR_H_
