// The strided nested kind: several tensors of one number of dimensions in one buffer, each with sizes, strides and an
// offset of its own.
//
// Note [Strided nested tensors]
// The reference refuses them. Here the record names the buffer's storage and has the sizes, strides and offsets of the
// components as fields of its own; size, stride and storage_offset stay empty, since a nested tensor has none.
//
// Thread safety: see Description and Conversion.
// Lifetime: keeps nothing.

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
