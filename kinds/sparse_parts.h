// What the sparse kinds have in common: the strided tensors that they are made of.
//
// A part is described and built as a plain tensor: what autograd knows, it knows of the whole.
//
// Thread safety: see Description and Conversion.
// Lifetime: keeps nothing.

#ifndef METACONV_KINDS_SPARSE_PARTS_H_
#define METACONV_KINDS_SPARSE_PARTS_H_

#include <string_view>

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "kinds/description.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// The data that `tensor` carries along if it has none of its own, see DataSlot; otherwise `tensor`.
at::Tensor WithData(const at::Tensor& tensor);

absl::Status DescribePart(Description& description, const at::Tensor& part, MetaTensorDescPtr& field);

// The tensor for a part of `desc`, on its storage. Errors: kInvalidArgument if the record does not have it, as those of
// sparse COO tensors do only on request.
absl::StatusOr<at::Tensor> BuildPart(Conversion& conversion, const MetaTensorDesc& desc, std::string_view field,
                                     const MetaTensorDescPtr& part);

// What `assemble` makes of the parts. Errors: kInvalidArgument where LibTorch does not accept them.
absl::StatusOr<at::Tensor> CheckedParts(const MetaTensorDesc& desc, absl::FunctionRef<at::Tensor()> assemble);

}  // namespace metaconv

#endif  // METACONV_KINDS_SPARSE_PARTS_H_
