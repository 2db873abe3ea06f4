// The wrapper kind: tensors of a registered WrapperType. They are described and rebuilt through their inner tensors.
//
// Thread safety: see Description and Conversion.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_KINDS_WRAPPER_H_
#define METACONV_KINDS_WRAPPER_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "kinds/description.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

bool IsWrapper(const at::Tensor& tensor);
absl::StatusOr<std::vector<at::Tensor>> InnerOfWrapper(const at::Tensor& tensor);
absl::Status DescribeWrapper(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc);
absl::StatusOr<at::Tensor> BuildWrapper(Conversion& conversion, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_WRAPPER_H_
