// TorchViewFunc: creates the ViewFunc of an autograd view from LibTorch's view function.
//
// Example:
//   absl::StatusOr<std::shared_ptr<const ViewFunc>> func = TorchViewFunc(view, describe);
//   if (*func != nullptr) desc.extras.Edit().view_func = *func;
//   …
//   absl::StatusOr<at::Tensor> replayed = ViewFuncOf(desc)->Apply(desc, new_base, {}, {});
//
// Thread safety: a pure function; the tensor must not be modified concurrently.
// Lifetime: the result holds the operators' arguments and captured tensors, but neither the view nor its base.

#ifndef METACONV_KINDS_TORCH_VIEW_FUNC_H_
#define METACONV_KINDS_TORCH_VIEW_FUNC_H_

#include <memory>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "kinds/operator_view_func.h"
#include "meta/meta_tensor_desc.h"
#include "meta/view_func.h"

namespace metaconv {

// Null if `tensor` is not a view, or if size, stride and storage offset of its record define it. Calls `describe` for
// each tensor that the view captured.
// Errors: those of `describe`.
absl::StatusOr<std::shared_ptr<const ViewFunc>> TorchViewFunc(const at::Tensor& tensor, DescribeCaptured describe);

// The view function of a record: its own, or one that applies as_strided with its size, stride and storage offset. Null
// if the record is not a view.
std::shared_ptr<const ViewFunc> ViewFuncOf(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_TORCH_VIEW_FUNC_H_
