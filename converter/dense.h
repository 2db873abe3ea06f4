// BuildDense: a strided tensor that is no view.
//
// Thread safety: see Conversion.
// Lifetime: keeps nothing.

#ifndef METACONV_CONVERTER_DENSE_H_
#define METACONV_CONVERTER_DENSE_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "converter/conversion.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

absl::StatusOr<at::Tensor> BuildDense(Conversion& conversion, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_DENSE_H_
