// ViewFunc: how to make a view again, on another base.
//
// The reference keeps a bound method of the described tensor, and with it the tensor itself. A ViewFunc here holds only
// what the replay needs (integers, and tensors the view captured), never the view or its base.
//
// Example:
//   absl::StatusOr<at::Tensor> view = desc->view_func->Apply(
//       *desc, new_base, [](const c10::SymInt& s) { return s; },
//       [&](const CapturedTensor& captured) { return converter.MetaTensor(*captured.desc); });
//
// Thread safety: immutable; any thread may call Apply.
// Lifetime: shared by the records that carry it; independent of the tensor it was taken from.
// Source: `ViewFunc` and `_CustomViewFunc` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_META_VIEW_FUNC_H_
#define METACONV_META_VIEW_FUNC_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/SymInt.h"
#include "c10/core/TensorImpl.h"
#include "c10/util/intrusive_ptr.h"

namespace at {
class Tensor;
}  // namespace at

namespace metaconv {

struct MetaTensorDesc;

// A tensor that a view was made with, beside its base.
struct CapturedTensor {
  std::shared_ptr<const MetaTensorDesc> desc;
  c10::intrusive_ptr<c10::TensorImpl> tensor;  // Null where the record came from elsewhere.
};

class ViewFunc {
 public:
  // What to put in place of each integer / tensor that the view captured. An empty visitor keeps it as it is.
  using SymIntVisitor = std::function<c10::SymInt(const c10::SymInt&)>;
  using TensorVisitor = std::function<absl::StatusOr<at::Tensor>(const CapturedTensor&)>;

  virtual ~ViewFunc() = default;

  // The view operation: "as_strided" where size, stride and offset of the record are all there is to know, otherwise
  // LibTorch's operators by name: "aten::view_as_real", "aten::view_as_real, aten::select.int", …
  virtual std::string Name() const = 0;

  // The tensors that the view captured.
  virtual absl::Span<const CapturedTensor> captured() const { return {}; }

  // The view that `view` describes, made of `new_base`.
  // Errors: kInvalidArgument if there is no such operation; what LibTorch says if it cannot be made of `new_base`; what
  // the tensor visitor says.
  virtual absl::StatusOr<at::Tensor> Apply(const MetaTensorDesc& view, const at::Tensor& new_base,
                                           const SymIntVisitor& symint_visitor,
                                           const TensorVisitor& tensor_visitor) const = 0;
};

}  // namespace metaconv

#endif  // METACONV_META_VIEW_FUNC_H_
