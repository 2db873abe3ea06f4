// Shared code of the functorch kinds.
//
// A functorch wrapper has no storage. The wrapped tensor is described before the wrapper. As in the reference, the
// wrapped tensor is rebuilt for each wrapper: the tensor in the wrapper is not the result that a conversion of the
// wrapped tensor returns.
//
// Thread safety: see Description and Conversion.
// Lifetime: retains no reference to its arguments.

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

// The level of a grad-tracking wrapper whose transform has ended, so that functorch no longer has a level for it.
inline constexpr std::int64_t kDeadLevel = -2;

// Sets the fields that all functorch wrappers have. `wrapped` is the tensor that `tensor` wraps.
absl::Status DescribeFunctorch(Description& description, const at::Tensor& tensor, const at::Tensor& wrapped,
                               MetaTensorDesc& desc);

// Sets the strides of a wrapper, or the sparse dimensions of a wrapper of a sparse COO tensor.
void DescribeWrappedLayout(const at::Tensor& tensor, MetaTensorDesc& desc);

// Checks that `desc` has a wrapped tensor and is not a view: autograd state inside of a transform is not rebuilt.
// Errors: kInvalidArgument, kUnimplemented.
absl::Status CheckFunctorch(const MetaTensorDesc& desc);

// A new tensor for the tensor that `desc` wraps.
absl::StatusOr<at::Tensor> BuildWrapped(Conversion& conversion, const MetaTensorDesc& desc);

// The functorch stack of `desc`; an empty stack if it has none.
const FunctorchStack& StackOf(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_FUNCTORCH_H_
