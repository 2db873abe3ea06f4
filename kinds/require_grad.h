// RequireGrad: gives a fresh tensor the autograd state of its record.
//
// Thread safety: as LibTorch's operators.
// Lifetime: keeps nothing.

#ifndef METACONV_KINDS_REQUIRE_GRAD_H_
#define METACONV_KINDS_REQUIRE_GRAD_H_

#include "ATen/core/Tensor.h"
#include "kinds/backward_error.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// `tensor` must be a leaf that does not require grad. Returns it.
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
