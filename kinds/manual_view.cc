#include "kinds/manual_view.h"

#include "c10/core/DispatchKeySet.h"
#include "c10/core/TensorOptions.h"
#include "kinds/backward_error.h"
#include "torch/csrc/autograd/VariableTypeUtils.h"

namespace metaconv {

at::Tensor StridedAlias(const at::Tensor& base, const MetaTensorDesc& desc) {
  const c10::Storage storage(base.storage());
  const c10::DispatchKeySet keys(c10::computeDispatchKey(desc.dtype, c10::kStrided, storage.device()));
  at::Tensor alias =
      at::detail::make_tensor<c10::TensorImpl>(c10::Storage(storage), keys, c10::scalarTypeToTypeMeta(desc.dtype));
  alias.unsafeGetTensorImpl()->set_sizes_and_strides(desc.size, *desc.stride, desc.storage_offset);
  return alias;
}

at::Tensor ManualView(const at::Tensor& base, const at::Tensor& alias, const MetaTensorDesc& desc) {
  const auto creation_meta = static_cast<torch::autograd::CreationMeta>(*desc.creation_meta);
  // A view of a view has the first one's base, so that base is no view itself here.
  at::Tensor view = torch::autograd::as_view(base, alias, /*is_bw_differentiable=*/true, /*is_fw_differentiable=*/true,
                                             /*view_func=*/nullptr, /*rev_view_func=*/nullptr, creation_meta);
  if (!desc.is_leaf) {
    BackwardError(view);
  } else if (desc.requires_grad && !view.requires_grad()) {
    view.set_requires_grad(true);
  }
  return view;
}

}  // namespace metaconv
