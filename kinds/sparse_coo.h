// The sparse COO kind: indices and values, of which the result has none.
//
// The record says how many dimensions are sparse and dense, and whether the tensor is coalesced. Indices and values are
// not described, as in the reference.
//
// Thread safety: see Description and Conversion.
// Lifetime: keeps nothing.

#ifndef METACONV_KINDS_SPARSE_COO_H_
#define METACONV_KINDS_SPARSE_COO_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "kinds/description.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// The fields that a sparse COO tensor has, and a wrapper of one.
void DescribeSparseDims(const at::Tensor& tensor, MetaTensorDesc& desc);

absl::Status DescribeSparseCoo(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc);
absl::StatusOr<at::Tensor> BuildSparseCoo(Conversion& conversion, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_SPARSE_COO_H_
