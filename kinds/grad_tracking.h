// The grad-tracking kind: the tensors that functorch's grad, vjp and jvp pass to the function that they differentiate.
// A wrapper has its own autograd state, independent of that of the wrapped tensor.
//
// The result of a wrapper whose transform has ended is its wrapped tensor with the wrapper's requires_grad, as in the
// reference.
//
// Thread safety: see Description and Conversion.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_KINDS_GRAD_TRACKING_H_
#define METACONV_KINDS_GRAD_TRACKING_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "kinds/description.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

bool IsGradTracking(const at::Tensor& tensor);
absl::StatusOr<std::vector<at::Tensor>> InnerOfGradTracking(const at::Tensor& tensor);
absl::Status DescribeGradTracking(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc);
absl::StatusOr<at::Tensor> BuildGradTracking(Conversion& conversion, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_GRAD_TRACKING_H_
