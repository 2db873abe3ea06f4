// BaseOf: the base of a view, without copying the tensor.
//
// Example:
//   if (tensor.is_view()) Visit(BaseOf(tensor));
//
// Thread safety: that of reading the view.
// Lifetime: the reference is valid as long as the view.

#ifndef METACONV_DESCRIBER_VIEW_BASE_H_
#define METACONV_DESCRIBER_VIEW_BASE_H_

#include "ATen/core/Tensor.h"
#include "torch/csrc/autograd/variable.h"

namespace metaconv {

// `view` must be a view. Returns a reference, in contrast to at::Tensor::_base(), which returns a copy.
inline const at::Tensor& BaseOf(const at::Tensor& view) {
  return torch::autograd::impl::get_view_autograd_meta(view)->get_backward_view().base_;
}

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_VIEW_BASE_H_
