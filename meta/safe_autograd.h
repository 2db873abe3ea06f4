// SafeIsLeaf, SafeGrad: read a tensor's autograd state without raising errors or warnings.
//
// Example:
//   desc.is_leaf = SafeIsLeaf(tensor);
//   if (const at::Tensor& grad = SafeGrad(tensor); grad.defined()) …
//
// Thread safety: any number of threads may call these for one tensor, as long as it is not modified concurrently.
// Lifetime: SafeGrad returns a reference into the tensor.
// Source: `safe_is_leaf`, `safe_grad` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_META_SAFE_AUTOGRAD_H_
#define METACONV_META_SAFE_AUTOGRAD_H_

#include "ATen/core/Tensor.h"
#include "meta/torch_status.h"

namespace metaconv {

// Whether `tensor` is a leaf. If autograd raises an error for the grad_fn of a view, as it does after some in-place
// operations, the view is not a leaf.
//
// Note [Leaf views]
// at::Tensor::is_leaf() inspects the grad_fn that the view had when it was created. Python's is_leaf calls grad_fn(),
// which regenerates it if the base was modified in place since. We call grad_fn() too, because only the regenerated
// node is consistent with the view's requires_grad().
inline bool SafeIsLeaf(const at::Tensor& tensor) {
  if (!tensor.is_view()) return tensor.is_leaf();
  return CatchTorch("reading the grad_fn of a view", [&] { return tensor.grad_fn() == nullptr; }).value_or(false);
}

// The gradient, undefined if there is none. at::Tensor::grad() warns for tensors that are not leaves; this does not.
inline const at::Tensor& SafeGrad(const at::Tensor& tensor) { return tensor.unsafeGetTensorImpl()->grad(); }

}  // namespace metaconv

#endif  // METACONV_META_SAFE_AUTOGRAD_H_
