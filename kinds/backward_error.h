// BackwardError: gives a tensor a history that cannot be run.
//
// Example:
//   BackwardError(fresh);            // No leaf any more, and requires grad.
//   fresh.sum().backward();          // Throws c10::Error with a message that says why.
//
// Thread safety: as LibTorch's operators.
// Lifetime: keeps nothing.
// Source: `_backward_error` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_KINDS_BACKWARD_ERROR_H_
#define METACONV_KINDS_BACKWARD_ERROR_H_

#include "ATen/core/Tensor.h"

namespace metaconv {

// `tensor` must have no history yet, and a dtype that can require grad.
void BackwardError(const at::Tensor& tensor);

}  // namespace metaconv

#endif  // METACONV_KINDS_BACKWARD_ERROR_H_
