// The mkldnn kind: a tensor in a layout of oneDNN's own.
//
// The result is a strided tensor with the strides that the source claims, as in the reference: there is no mkldnn
// tensor without data.
//
// Thread safety: see Description and Conversion.
// Lifetime: keeps nothing.

#ifndef METACONV_KINDS_MKLDNN_H_
#define METACONV_KINDS_MKLDNN_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "kinds/description.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

absl::Status DescribeMkldnn(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc);
absl::StatusOr<at::Tensor> BuildMkldnn(Conversion& conversion, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_MKLDNN_H_
