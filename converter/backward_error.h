// BackwardError: a tensor with a history that cannot be run.
//
// Example:
//   at::Tensor result = BackwardError(leaf);   // Same shape and storage, not a leaf.
//   result.sum().backward();                   // Throws c10::Error with a message that says why.
//
// Thread safety: as LibTorch's operators.
// Lifetime: the result shares the storage of `leaf`, and keeps it in its history.
// Source: `_backward_error` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_CONVERTER_BACKWARD_ERROR_H_
#define METACONV_CONVERTER_BACKWARD_ERROR_H_

#include "ATen/core/Tensor.h"

namespace metaconv {

// `leaf` must require grad.
at::Tensor BackwardError(const at::Tensor& leaf);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_BACKWARD_ERROR_H_
