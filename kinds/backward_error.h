// BackwardError: makes a tensor a non-leaf whose backward pass raises an error.
//
// Example:
//   BackwardError(fresh);            // `fresh` is no longer a leaf, and requires grad.
//   fresh.sum().backward();          // Throws c10::Error with a message that states the reason.
//
// Thread safety: that of LibTorch's operators.
// Lifetime: retains no reference to its argument.
// Source: `_backward_error` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_KINDS_BACKWARD_ERROR_H_
#define METACONV_KINDS_BACKWARD_ERROR_H_

#include "ATen/core/Tensor.h"

namespace metaconv {

// `tensor` must be a leaf that does not require grad, with a dtype that can require grad.
void BackwardError(const at::Tensor& tensor);

}  // namespace metaconv

#endif  // METACONV_KINDS_BACKWARD_ERROR_H_
