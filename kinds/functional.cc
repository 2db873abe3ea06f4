#include "kinds/functional.h"

#include <cstdint>
#include <optional>

#include "ATen/FunctionalTensorWrapper.h"
#include "ATen/functorch/DynamicLayer.h"
#include "absl/strings/str_cat.h"
#include "kinds/check_record.h"
#include "kinds/functorch.h"
#include "kinds/require_grad.h"
#include "kinds/resize_storage.h"
#include "meta/sparse_layout.h"

namespace metaconv {
namespace {

using at::FunctionalTensorWrapper;
namespace functionalization = at::functionalization::impl;

// The level of a functional wrapper that was not created by functorch.
constexpr std::int64_t kNoLevel = -1;

FunctionalTensorWrapper& Wrapper(const at::Tensor& tensor) {
  return *functionalization::unsafeGetFunctionalWrapper(tensor);
}

// The wrapped tensor of a functorch wrapper, after the pending updates of its aliases were applied.
at::Tensor UnwrapInFunctorch(const at::Tensor& tensor) {
  FunctionalTensorWrapper& wrapper = Wrapper(tensor);
  const functionalization::FunctionalizationReapplyViewsGuard guard(
      functionalization::getFunctionalizationReapplyViewsTLS());
  if (wrapper.apply_updates()) wrapper.regenerate_from_base();
  return wrapper.value();
}

at::Tensor Unwrap(const at::Tensor& tensor) {
  functionalization::sync(tensor);
  return functionalization::from_functional_tensor(tensor);
}

}  // namespace

bool IsFunctional(const at::Tensor& tensor) {
  return functionalization::isFunctionalTensor(tensor) && Wrapper(tensor).level() == kNoLevel;
}

bool IsFunctorchFunctional(const at::Tensor& tensor) {
  return functionalization::isFunctionalTensor(tensor) && Wrapper(tensor).level() != kNoLevel;
}

absl::StatusOr<std::vector<at::Tensor>> InnerOfFunctional(const at::Tensor& tensor) {
  if (tensor.is_view()) {
    return absl::UnimplementedError("views of functional tensors are not supported: the view is not recorded");
  }
  return std::vector<at::Tensor>{Wrapper(tensor).value()};
}

// Note [The level of functional tensors]
// The reference records the current level of the functorch stack at the time of the description, and fails if the stack
// is empty. We record the same level, but the wrapper's own level if the stack is empty.
absl::Status DescribeFunctorchFunctional(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
  const at::Tensor wrapped = UnwrapInFunctorch(tensor);
  if (absl::Status status = DescribeFunctorch(description, tensor, wrapped, desc); !status.ok()) return status;
  desc.edit_functorch().is_functional = true;
  const std::optional<at::functorch::DynamicLayer> current = at::functorch::maybeCurrentDynamicLayer();
  desc.edit_functorch().current_level = current.has_value() ? current->layerId() : Wrapper(tensor).level();
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> BuildFunctorchFunctional(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = CheckFunctorch(desc); !status.ok()) return status;
  if (absl::Status status = CheckUnwrapped(desc, desc.functorch().unwrapped->size); !status.ok()) return status;
  if (!desc.functorch().current_level.has_value()) return Malformed(desc, "current_level", "a level", "none");
  absl::StatusOr<at::Tensor> wrapped = conversion.Convert(*desc.functorch().unwrapped);
  if (!wrapped.ok()) return wrapped;
  const at::Tensor tensor = functionalization::to_functional_tensor(*wrapped);
  Wrapper(tensor).set_level(*desc.functorch().current_level);
  return RequireGrad(desc, tensor);
}

absl::Status DescribeFunctional(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
  const bool is_strided = !IsSparseAny(tensor.layout()) && !tensor.is_nested();
  if (is_strided) desc.storage = description.DescribeStorage(tensor.storage());
  absl::StatusOr<MetaTensorDescPtr> unwrapped = description.Describe(Unwrap(tensor));
  if (!unwrapped.ok()) return unwrapped.status();
  description.Identify(tensor, desc);
  DescribeWrappedLayout(tensor, desc);
  if (is_strided) desc.storage_offset = tensor.unsafeGetTensorImpl()->sym_storage_offset();
  desc.edit_functorch().is_functional = true;
  desc.edit_functorch().unwrapped = *std::move(unwrapped);
  return absl::OkStatus();
}

// Note [Autograd state of functional tensors]
// The reference copies the autograd state from the source tensor, which the record keeps alive, and fails for leaves
// that require grad. We set it from `requires_grad` and `is_leaf` of the record, which are sufficient.
absl::StatusOr<at::Tensor> BuildFunctional(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = desc.stride.has_value() ? CheckStridedRecord(desc) : CheckShape(desc); !status.ok()) {
    return status;
  }
  if (desc.functorch().unwrapped == nullptr) return Malformed(desc, "unwrapped", "the wrapped tensor", "none");
  if (desc.is_view) return Malformed(desc, "is_view", "false for a functional tensor", "true");
  if (absl::Status status = CheckUnwrapped(desc, desc.functorch().unwrapped->size); !status.ok()) return status;
  absl::StatusOr<at::Tensor> wrapped = conversion.Convert(*desc.functorch().unwrapped);
  if (!wrapped.ok()) return wrapped;
  const at::Tensor tensor = functionalization::to_functional_tensor(*wrapped);
  // The wrapper's sizes may exceed its storage, as those of any tensor may.
  if (desc.storage.has_value() && desc.storage->size.maybe_as_int() == 0) {
    if (absl::Status status = ResizeStorage(tensor.storage(), 0); !status.ok()) return status;
  }
  return RequireGrad(desc, tensor);
}

}  // namespace metaconv
