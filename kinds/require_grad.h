// RequireGrad: gives a newly created tensor the requires_grad and is_leaf of its record.
//
// Thread safety: that of LibTorch's operators.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_KINDS_REQUIRE_GRAD_H_
#define METACONV_KINDS_REQUIRE_GRAD_H_

#include "ATen/core/Tensor.h"
#include "kinds/backward_error.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// `tensor` must be a leaf that does not require grad. Returns `tensor`.
inline at::Tensor RequireGrad(const MetaTensorDesc& desc, at::Tensor tensor) {
  if (!desc.requires_grad) return tensor;
  if (desc.is_leaf) {
    tensor.set_requires_grad(true);
  } else {
    BackwardError(tensor);
  }
  return tensor;
}

}  // namespace metaconv

#endif  // METACONV_KINDS_REQUIRE_GRAD_H_
