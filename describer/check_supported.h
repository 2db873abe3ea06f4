// CheckSupported: whether a tensor, and all tensors reachable from it, can be described.
//
// Runs before any id is assigned, so that a tensor that cannot be described changes nothing.
//
// Example:
//   if (absl::Status status = CheckSupported(tensor, /*max_depth=*/100); !status.ok()) return status;
//
// Thread safety: Thread-safe. The tensors must not be modified during the call.
// Lifetime: the status is independent of the tensor.

#ifndef METACONV_DESCRIBER_CHECK_SUPPORTED_H_
#define METACONV_DESCRIBER_CHECK_SUPPORTED_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "kinds/plain_tensor.h"

namespace metaconv {
namespace internal {

absl::Status CheckGraphSupported(const at::Tensor& tensor, int max_depth);

}  // namespace internal

// Errors: kInvalidArgument for an undefined tensor, or if gradients, bases and inner tensors are nested deeper than
// `max_depth`; kUnimplemented for a kind of tensor that is not supported, with its name.
inline absl::Status CheckSupported(const at::Tensor& tensor, int max_depth) {
  return IsPlainDense(tensor) ? absl::OkStatus() : internal::CheckGraphSupported(tensor, max_depth);
}

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_CHECK_SUPPORTED_H_
