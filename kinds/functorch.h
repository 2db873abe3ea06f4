// What the functorch kinds have in common.
//
// A wrapper has no storage of its own. What it wraps is described before it, and rebuilt anew inside of it, as in the
// reference: the wrapped tensor's result is no other tensor's result.
//
// Thread safety: see Description and Conversion.
// Lifetime: keeps nothing.

#ifndef METACONV_KINDS_FUNCTORCH_H_
#define METACONV_KINDS_FUNCTORCH_H_

#include <cstdint>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "kinds/description.h"
#include "kinds/functorch_stack.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// The level of a grad-tracking wrapper whose transform has ended: nobody knows it any more.
inline constexpr std::int64_t kDeadLevel = -2;

// Sets what all functorch wrappers have; `wrapped` is what `tensor` wraps.
absl::Status DescribeFunctorch(Description& description, const at::Tensor& tensor, const at::Tensor& wrapped,
                               MetaTensorDesc& desc);

// Sets the strides of a wrapper, or what a wrapper of a sparse tensor has in their place.
void DescribeWrappedLayout(const at::Tensor& tensor, MetaTensorDesc& desc);

// That `desc` says what it wraps and is no view: autograd inside a transform is not rebuilt.
// Errors: kInvalidArgument, kUnimplemented.
absl::Status CheckFunctorch(const MetaTensorDesc& desc);

// A new tensor for what `desc` wraps.
absl::StatusOr<at::Tensor> BuildWrapped(Conversion& conversion, const MetaTensorDesc& desc);

// The stack that `desc` carries; an empty one if there is none.
const FunctorchStack& StackOf(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_FUNCTORCH_H_
