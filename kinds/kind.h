// TensorKind: what sets one kind of tensor apart from the others, as one table.
//
// Kinds differ in what holds their data, what describes them, and how they are put together again. A kind is one file,
// which describes and builds it, and one entry in kinds.cc. The first entry that matches decides.
//
// Example:
//   const TensorKind& kind = KindOf(tensor);   // or KindOf(desc)
//   kind.name;                                 // "dense", "sparse COO", "batched (vmap)", …
//   if (kind.describe == nullptr) …            // turned away by name
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

  // Fills `desc` with what is special to the kind. It has the id taken by Description::Identify when it is the tensor's
  // turn. Gradient, base and autograd state are not its business. Null: the kind is not supported.
  absl::Status (*describe)(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) = nullptr;

  // The tensor without its gradient and its conjugate and negative bits, which every kind has alike. Runs in the
  // inference mode that the record names. Null: the kind is not supported.
  absl::StatusOr<at::Tensor> (*build)(Conversion& conversion, const MetaTensorDesc& desc) = nullptr;

  // The tensors that `tensor` is made of and that are described with it, so that what cannot be described is found
  // before any id is taken; or why it cannot be described. Null: none.
  absl::StatusOr<std::vector<at::Tensor>> (*inner)(const at::Tensor& tensor) = nullptr;

  // Supported where another tensor needs it, as its gradient or its base, but not by itself: as in the reference.
  bool only_nested = false;

  // Its results are built of nothing but their records.
  bool is_built_alone = false;

  bool is_supported() const { return describe != nullptr; }
};

// `tensor` must be defined.
const TensorKind& KindOf(const at::Tensor& tensor);
const TensorKind& KindOf(const MetaTensorDesc& desc);

}  // namespace metaconv

#endif  // METACONV_KINDS_KIND_H_
