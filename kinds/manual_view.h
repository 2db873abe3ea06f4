// ManualView: makes a tensor a view of another, where no operator can: between kinds whose views no operator makes on
// the meta device, on other storages, in other dtypes, and on fake tensors, which have no operators at all.
//
// Example:
//   at::Tensor view = ManualView(base, tensor, desc);   // view._base() is base, and both share one version counter.
//
// Thread safety: as LibTorch's operators.
// Lifetime: the view keeps the base alive.

#ifndef METACONV_KINDS_MANUAL_VIEW_H_
#define METACONV_KINDS_MANUAL_VIEW_H_

#include "ATen/core/Tensor.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// `tensor`, which must be fresh, as the view of `base` that `desc` describes. Where the record has a history, it is one
// that cannot be run.
at::Tensor ManualView(const at::Tensor& base, const at::Tensor& tensor, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_MANUAL_VIEW_H_
