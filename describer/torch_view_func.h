// TorchViewFunc: the ViewFunc of an autograd view, taken from LibTorch.
//
// Example:
//   desc.view_func = TorchViewFunc(view);
//
// Thread safety: pure function; the tensor must not be changed meanwhile.
// Lifetime: the result holds integers and captured tensors, neither the view nor its base.

#ifndef METACONV_DESCRIBER_TORCH_VIEW_FUNC_H_
#define METACONV_DESCRIBER_TORCH_VIEW_FUNC_H_

#include <memory>

#include "ATen/core/Tensor.h"
#include "meta/view_func.h"

namespace metaconv {

// Null if `tensor` is no view.
std::shared_ptr<const ViewFunc> TorchViewFunc(const at::Tensor& tensor);

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_TORCH_VIEW_FUNC_H_
