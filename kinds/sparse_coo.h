// The sparse COO kind, with indices and values. Results without data have no elements.
//
// The record has the numbers of sparse and dense dimensions, and whether the tensor is coalesced. As in the reference,
// indices and values are not described, unless the describer's option `copy_data` is set.
//
// Thread safety: see Description and Conversion.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_KINDS_SPARSE_COO_H_
#define METACONV_KINDS_SPARSE_COO_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "kinds/description.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// Sets the fields of a sparse COO tensor, or of a wrapper of one.
void DescribeSparseDims(const at::Tensor& tensor, MetaTensorDesc& desc);

absl::Status DescribeSparseCoo(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc);
absl::StatusOr<at::Tensor> BuildSparseCoo(Conversion& conversion, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_SPARSE_COO_H_
