// BuildView: an autograd view, made of its base's result so that both share one version counter.
//
// Thread safety: see Conversion.
// Lifetime: keeps nothing; autograd keeps the base's result alive as long as the view's.

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
