// ManualView: makes a tensor a view of another one without an operator. For views that no operator can create on the
// meta device: between some kinds, on a different storage, with an unrelated dtype, and of fake tensors, which have no
// operators.
//
// Example:
//   at::Tensor view = ManualView(base, tensor, desc);   // view._base() is base, and both share one version counter.
//
// Thread safety: that of LibTorch's operators.
// Lifetime: the view keeps the base alive.

#ifndef METACONV_KINDS_MANUAL_VIEW_H_
#define METACONV_KINDS_MANUAL_VIEW_H_

#include "ATen/core/Tensor.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// Makes `tensor`, which must be newly created, the view of `base` that `desc` describes. If the record is of a
// non-leaf, the view's backward pass raises an error; see BackwardError.
at::Tensor ManualView(const at::Tensor& base, const at::Tensor& tensor, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_MANUAL_VIEW_H_
