// The functional kinds: tensors that functionalization has wrapped, inside of functorch and outside.
//
// Inside, a wrapper is like functorch's others, has a level and no storage. Outside, it has a storage of its own, which
// the result's wrapper has too.
//
// Thread safety: see Description and Conversion. Describing brings a wrapper up to date with what was done to its
// aliases, as in the reference.
// Lifetime: keeps nothing.

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

// Inside of functorch, or outside.
bool IsFunctorchFunctional(const at::Tensor& tensor);
bool IsFunctional(const at::Tensor& tensor);

// Errors: kUnimplemented for a view: what it is a view of is not known any more.
absl::StatusOr<std::vector<at::Tensor>> InnerOfFunctional(const at::Tensor& tensor);

absl::Status DescribeFunctorchFunctional(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc);
absl::StatusOr<at::Tensor> BuildFunctorchFunctional(Conversion& conversion, const MetaTensorDesc& desc);

absl::Status DescribeFunctional(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc);
absl::StatusOr<at::Tensor> BuildFunctional(Conversion& conversion, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_FUNCTIONAL_H_
