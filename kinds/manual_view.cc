#include "kinds/manual_view.h"

#include "kinds/backward_error.h"
#include "torch/csrc/autograd/VariableTypeUtils.h"

namespace metaconv {

at::Tensor ManualView(const at::Tensor& base, const at::Tensor& tensor, const MetaTensorDesc& desc) {
  const auto creation_meta = static_cast<torch::autograd::CreationMeta>(*desc.creation_meta);
  // Autograd registers a view of a view as a view of the first base, so `base` is not a view here.
  at::Tensor view = torch::autograd::as_view(base, tensor, /*is_bw_differentiable=*/true, /*is_fw_differentiable=*/true,
                                             /*view_func=*/nullptr, /*rev_view_func=*/nullptr, creation_meta);
  if (!desc.is_leaf) {
    BackwardError(view);
  } else if (desc.requires_grad && !view.requires_grad()) {
    view.set_requires_grad(true);
  }
  return view;
}

}  // namespace metaconv
