// BuildView: builds an autograd view from its base's result, so that both share one version counter.
//
// Thread safety: see Conversion.
// Lifetime: retains no reference to its arguments. The view keeps the base's result alive, as autograd views do.

#ifndef METACONV_KINDS_VIEW_H_
#define METACONV_KINDS_VIEW_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

absl::StatusOr<at::Tensor> BuildView(Conversion& conversion, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_VIEW_H_
