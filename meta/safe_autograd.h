// SafeIsLeaf, SafeGrad: what a tensor is to autograd, without errors and warnings.
//
// Example:
//   desc.is_leaf = SafeIsLeaf(tensor);
//   if (const at::Tensor& grad = SafeGrad(tensor); grad.defined()) …
//
// Thread safety: safe from many threads for one tensor that is not changed meanwhile.
// Lifetime: SafeGrad refers into the tensor.
// Source: `safe_is_leaf`, `safe_grad` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_META_SAFE_AUTOGRAD_H_
#define METACONV_META_SAFE_AUTOGRAD_H_

#include "ATen/core/Tensor.h"
#include "meta/torch_status.h"

namespace metaconv {

// Whether `tensor` is a leaf. A view whose history autograd refuses to give, as it does after some in-place changes, is
// none.
//
// Note [Leaf views]
// at::Tensor::is_leaf() looks at the node that a view had when it was made. Python's is_leaf asks for the node, which
// makes a new one if the base has been changed in place since. The latter is what the view's requires_grad() fits.
inline bool SafeIsLeaf(const at::Tensor& tensor) {
  if (!tensor.is_view()) return tensor.is_leaf();
  return CatchTorch("asking a view for its history", [&] { return tensor.grad_fn() == nullptr; }).value_or(false);
}

// The gradient, undefined if there is none. at::Tensor::grad() warns about tensors that are no leaves.
inline const at::Tensor& SafeGrad(const at::Tensor& tensor) { return tensor.unsafeGetTensorImpl()->grad(); }

}  // namespace metaconv

#endif  // METACONV_META_SAFE_AUTOGRAD_H_
