#include "meta/named_view_func.h"

#include "ATen/core/Tensor.h"  // For its size only: none is made.
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

absl::StatusOr<at::Tensor> NamedViewFunc::Apply(const MetaTensorDesc& view, const at::Tensor&, const SymIntVisitor&,
                                                const TensorVisitor&) const {
  return absl::InvalidArgumentError(absl::StrCat(
      "record ", view.id, ": view_func: expected an operation with its arguments, found only its name: ", name_));
}

}  // namespace metaconv
