// The batched kind: the tensors that vmap passes to the mapped function. They hide one dimension of the wrapped tensor.
//
// Thread safety: see Description and Conversion.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_KINDS_BATCHED_H_
#define METACONV_KINDS_BATCHED_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "kinds/description.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

bool IsBatched(const at::Tensor& tensor);
absl::StatusOr<std::vector<at::Tensor>> InnerOfBatched(const at::Tensor& tensor);
absl::Status DescribeBatched(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc);
absl::StatusOr<at::Tensor> BuildBatched(Conversion& conversion, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_BATCHED_H_
