// DescribeCompressedParts: describes the three tensors that a sparse compressed tensor consists of.
//
// Example:
//   status = DescribeCompressedParts(description, tensor, fields.crow_indices, fields.col_indices, fields.values);
//
// Thread safety: see Description.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_KINDS_COMPRESSED_PARTS_H_
#define METACONV_KINDS_COMPRESSED_PARTS_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "kinds/description.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// Sets the last three arguments to the records of the parts of `tensor`.
absl::Status DescribeCompressedParts(Description& description, const at::Tensor& tensor,
                                     MetaTensorDescPtr& compressed_indices, MetaTensorDescPtr& plain_indices,
                                     MetaTensorDescPtr& values);

}  // namespace metaconv

#endif  // METACONV_KINDS_COMPRESSED_PARTS_H_
