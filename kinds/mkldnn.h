// The mkldnn kind: a tensor in an internal layout of oneDNN.
//
// The result is a strided tensor with the strides that the source reports, as in the reference: LibTorch has no mkldnn
// tensors without data.
//
// Thread safety: see Description and Conversion.
// Lifetime: retains no reference to its arguments.

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
