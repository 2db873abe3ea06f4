#include "kinds/grad_tracking.h"

#include <optional>

#include "ATen/functorch/DynamicLayer.h"
#include "ATen/functorch/TensorWrapper.h"
#include "absl/strings/str_cat.h"
#include "kinds/check_record.h"
#include "kinds/functorch.h"
#include "kinds/require_grad.h"

namespace metaconv {
namespace {

using at::functorch::maybeGetTensorWrapper;

absl::Status Check(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckFunctorch(desc); !status.ok()) return status;
  if (absl::Status status = CheckUnwrapped(desc, desc.functorch().unwrapped->size); !status.ok()) return status;
  if (!desc.functorch().level.has_value())
    return Malformed(desc, "level", "a level for a grad-tracking tensor", "none");
  if (*desc.functorch().level == kDeadLevel || StackOf(desc).Find(*desc.functorch().level) != nullptr)
    return absl::OkStatus();
  return Malformed(desc, "level", "a level of functorch_stack", absl::StrCat(*desc.functorch().level));
}

}  // namespace

bool IsGradTracking(const at::Tensor& tensor) { return maybeGetTensorWrapper(tensor) != nullptr; }

absl::StatusOr<std::vector<at::Tensor>> InnerOfGradTracking(const at::Tensor& tensor) {
  return std::vector<at::Tensor>{maybeGetTensorWrapper(tensor)->value()};
}

absl::Status DescribeGradTracking(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
  const at::functorch::TensorWrapper& impl = *maybeGetTensorWrapper(tensor);
  if (absl::Status status = DescribeFunctorch(description, tensor, impl.value(), desc); !status.ok()) return status;
  desc.edit_functorch().is_gradtrackingtensor = true;
  desc.edit_functorch().level = impl.level().value_or(kDeadLevel);
  return absl::OkStatus();
}

// A wrapper whose transform has ended: starts a grad transform within the layers of `stack`, wraps, and ends the
// transform.
at::Tensor DeadWrapper(const at::Tensor& wrapped, const FunctorchStack& stack) {
  struct Transform {
    Transform() {
      at::functorch::initAndPushDynamicLayer(at::functorch::TransformType::Grad, std::nullopt, std::nullopt,
                                             /*prev_grad_mode=*/true);
    }
    ~Transform() { at::functorch::popDynamicLayerAndDeleteMetadata(); }
  };
  const FunctorchScope restored(stack.layers());
  const Transform transform;
  return at::functorch::makeTensorWrapper(wrapped, at::functorch::maybeCurrentDynamicLayer()->interpreter());
}

// Note [Dead wrappers]
// The reference converts a dead wrapper to its wrapped tensor, without the wrapper. We do the same for results without
// data. Real results have the wrapper, because otherwise two source tensors would have one result.

// Note [Grad-tracking non-leaves]
// For a wrapper that is not a leaf, the reference sets requires_grad on the new wrapper, which makes it a leaf, detects
// the mismatch and raises. We use BackwardError, as for other non-leaves.
absl::StatusOr<at::Tensor> BuildGradTracking(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = Check(desc); !status.ok()) return status;
  absl::StatusOr<at::Tensor> wrapped = BuildWrapped(conversion, desc);
  if (!wrapped.ok()) return wrapped;
  if (*desc.functorch().level == kDeadLevel) {
    if (conversion.is_real()) return RequireGrad(desc, DeadWrapper(*wrapped, StackOf(desc)));
    if (wrapped->is_leaf()) wrapped->set_requires_grad(desc.requires_grad);
    return wrapped;
  }
  const FunctorchStack& stack = StackOf(desc);
  at::Tensor tensor;
  {
    const FunctorchScope restored(stack.layers());
    tensor = at::functorch::makeTensorWrapper(*wrapped, *stack.Find(*desc.functorch().level));
  }
  return RequireGrad(desc, tensor);
}

}  // namespace metaconv
