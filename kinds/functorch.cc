#include "kinds/functorch.h"

#include "ATen/functorch/DynamicLayer.h"
#include "absl/strings/str_cat.h"
#include "kinds/check_record.h"
#include "kinds/sparse_coo.h"
#include "meta/python_repr.h"
#include "meta/sparse_layout.h"

namespace metaconv {

absl::Status DescribeFunctorch(Description& description, const at::Tensor& tensor, const at::Tensor& wrapped,
                               MetaTensorDesc& desc) {
  absl::StatusOr<MetaTensorDescPtr> unwrapped = description.Describe(wrapped);
  if (!unwrapped.ok()) return unwrapped.status();
  description.Identify(tensor, desc);
  DescribeWrappedLayout(tensor, desc);
  desc.edit_functorch().is_functorch_wrapped = true;
  desc.edit_functorch().unwrapped = *std::move(unwrapped);
  desc.edit_functorch().functorch_stack = FunctorchStack::Current();
  return absl::OkStatus();
}

void DescribeWrappedLayout(const at::Tensor& tensor, MetaTensorDesc& desc) {
  if (IsSparseCoo(desc.layout)) {
    DescribeSparseDims(tensor, desc);
  } else if (!IsSparseCompressedLayout(desc.layout) && !desc.is_nested) {
    desc.stride = ToSymSizes(tensor.unsafeGetTensorImpl()->sym_strides());
  }
}

absl::Status CheckFunctorch(const MetaTensorDesc& desc) {
  if (desc.is_view) {
    return absl::UnimplementedError(
        absl::StrCat("record ", desc.id, ": views of functorch wrappers are not supported"));
  }
  if (desc.functorch().unwrapped == nullptr) return Malformed(desc, "unwrapped", "the wrapped tensor", "none");
  return desc.stride.has_value() ? CheckStrides(desc) : CheckShape(desc);
}

namespace {

// functorch calls strides() on the tensor that it wraps. This works for sparse COO tensors, but throws for sparse
// compressed and nested tensors, so these cannot be wrapped.
absl::Status CheckCanBeWrapped(const MetaTensorDesc& desc) {
  const MetaTensorDesc& wrapped = *desc.functorch().unwrapped;
  if (!wrapped.is_nested && !IsSparseCompressedLayout(wrapped.layout)) return absl::OkStatus();
  return Malformed(desc, "unwrapped", "a tensor with strides or a sparse COO tensor",
                   wrapped.is_nested ? "a nested tensor" : PythonRepr(wrapped.layout));
}

}  // namespace

// Note [Wrappers of tensors without strides]
// The reference converts a wrapper of a sparse tensor to a sparse tensor without a wrapper, and fails for other wrapped
// tensors without strides. We convert the wrapped tensor and wrap the result.
//
// For real results the wrapped tensor is always converted.
absl::StatusOr<at::Tensor> BuildWrapped(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = CheckCanBeWrapped(desc); !status.ok()) return status;
  const MetaTensorDesc& wrapped = *desc.functorch().unwrapped;
  if (wrapped.functorch().is_functorch_wrapped && wrapped.is_view) {
    // Whether the inner one of two functorch wrappers is a view has no effect, so the inner wrapper is built as a
    // non-view.
    MetaTensorDesc no_view = wrapped;
    no_view.is_view = false;
    return conversion.Build(no_view);
  }
  if (conversion.is_real()) return conversion.Convert(wrapped);
  if (wrapped.functorch().is_functorch_wrapped) return conversion.Build(wrapped);
  if (!wrapped.stride.has_value()) return conversion.Convert(wrapped);
  if (absl::Status status = CheckStrides(wrapped); !status.ok()) return status;
  return conversion.AllocateWrapped(wrapped);
}

const FunctorchStack& StackOf(const MetaTensorDesc& desc) {
  static const FunctorchStack& empty = *new FunctorchStack({});
  const auto* stack = dynamic_cast<const FunctorchStack*>(desc.functorch().functorch_stack.get());
  return stack == nullptr ? empty : *stack;
}

}  // namespace metaconv
