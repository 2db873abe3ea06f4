// The strided nested kind: several tensors with the same number of dimensions in one buffer, each with its own sizes,
// strides and offset.
//
// Note [Strided nested tensors]
// The reference does not support them. Our record has the storage of the buffer and, in fields of our own, the sizes,
// strides and offsets of the components. `size` is empty, `stride` is nullopt and `storage_offset` is 0, because a
// nested tensor as a whole has none of them.
//
// Thread safety: see Description and Conversion.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_KINDS_NESTED_H_
#define METACONV_KINDS_NESTED_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "kinds/description.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

absl::Status DescribeNested(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc);
absl::StatusOr<at::Tensor> BuildNested(Conversion& conversion, const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_NESTED_H_
