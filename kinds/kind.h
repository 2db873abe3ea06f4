// TensorKind: a table of the kinds of tensors, with the functions that describe and build each kind.
//
// Kinds differ in where their data is, which fields describe them, and how they are rebuilt. A kind is one file, which
// implements describing and building, and one entry in kinds.cc. The first entry that matches is the tensor's kind.
//
// Example:
//   const TensorKind& kind = KindOf(tensor);   // or KindOf(desc)
//   kind.name;                                 // "dense", "sparse COO", "batched (vmap)", …
//   if (kind.describe == nullptr) …            // not supported
//
// Thread safety: pure functions over constant data.
// Lifetime: entries are static.

#ifndef METACONV_KINDS_KIND_H_
#define METACONV_KINDS_KIND_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kinds/conversion.h"
#include "kinds/description.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

struct TensorKind {
  const char* name;

  bool (*matches)(const at::Tensor& tensor);
  bool (*matches_record)(const MetaTensorDesc& desc);

  // Sets the fields of `desc` that are specific to the kind. Calls Description::Identify when the tensor's id is due.
  // Does not set gradient, base and autograd fields; the describer does. Null: the kind is not supported.
  absl::Status (*describe)(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) = nullptr;

  // Builds the tensor, without its gradient and its conjugate and negative bits, which are set for all kinds alike.
  // Called with inference mode set as the record says. Null: the kind is not supported.
  absl::StatusOr<at::Tensor> (*build)(Conversion& conversion, const MetaTensorDesc& desc) = nullptr;

  // The tensors that are parts of `tensor` and are described with it, or an error if `tensor` cannot be described. The
  // describer checks them before it assigns any id. Null: the kind has no parts.
  absl::StatusOr<std::vector<at::Tensor>> (*inner)(const at::Tensor& tensor) = nullptr;

  // Supported only as the gradient or the base of another tensor, as in the reference.
  bool only_nested = false;

  // Building a tensor of this kind needs no other tensor's result.
  bool is_built_alone = false;

  bool is_supported() const { return describe != nullptr; }
};

// `tensor` must be defined.
const TensorKind& KindOf(const at::Tensor& tensor);
const TensorKind& KindOf(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_KIND_H_
