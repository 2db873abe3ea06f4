// The functional kinds: tensors that functionalization wrapped, inside of functorch and outside.
//
// A wrapper that functorch created is like other functorch wrappers: it has a level and no storage. Any other wrapper
// has its own storage, and so has the result's wrapper.
//
// Thread safety: see Description and Conversion. Describing applies the pending updates of the wrapper's aliases to the
// wrapper, as in the reference.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_KINDS_FUNCTIONAL_H_
#define METACONV_KINDS_FUNCTIONAL_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "kinds/description.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// Whether functorch created the functional wrapper, and whether it was created outside of functorch.
bool IsFunctorchFunctional(const at::Tensor& tensor);
bool IsFunctional(const at::Tensor& tensor);

// Errors: kUnimplemented for a view, because functionalization does not record which view was taken.
absl::StatusOr<std::vector<at::Tensor>> InnerOfFunctional(const at::Tensor& tensor);

absl::Status DescribeFunctorchFunctional(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc);
absl::StatusOr<at::Tensor> BuildFunctorchFunctional(Conversion& conversion, const MetaTensorDesc& desc);

absl::Status DescribeFunctional(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc);
absl::StatusOr<at::Tensor> BuildFunctional(Conversion& conversion, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_FUNCTIONAL_H_
