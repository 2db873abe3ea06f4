// Shared code of the sparse kinds: describes and builds the strided tensors that a sparse tensor consists of.
//
// A part is described and built without autograd state, because the autograd state belongs to the sparse tensor.
//
// Thread safety: see Description and Conversion.
// Lifetime: retains no reference to its arguments.

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

// The data in the DataSlot of `tensor` if there is one, otherwise `tensor` itself.
at::Tensor WithData(const at::Tensor& tensor);

absl::Status DescribePart(Description& description, const at::Tensor& part, MetaTensorDescPtr& field);

// Builds a part of `desc` on its storage. Errors: kInvalidArgument if `desc` does not have the part: records of sparse
// COO tensors have parts on request only.
absl::StatusOr<at::Tensor> BuildPart(Conversion& conversion, const MetaTensorDesc& desc, std::string_view field,
                                     const MetaTensorDescPtr& part);

// Calls `assemble` to create the sparse tensor. Errors: kInvalidArgument if LibTorch rejects the parts.
absl::StatusOr<at::Tensor> CheckedParts(const MetaTensorDesc& desc, absl::FunctionRef<at::Tensor()> assemble);

}  // namespace metaconv

#endif  // METACONV_KINDS_SPARSE_PARTS_H_
