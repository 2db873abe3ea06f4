// The grad-tracking kind: what functorch's grad, vjp and jvp give to the function that they differentiate; a tensor
// with autograd state of its own around one that may have another.
//
// A wrapper whose transform has ended gives its inner tensor, with the wrapper's requires_grad, as in the reference.
//
// Thread safety: see Description and Conversion.
// Lifetime: keeps nothing.

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
