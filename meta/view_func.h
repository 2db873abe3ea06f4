// ViewFunc: how to make a view again, on another base.
//
// The reference keeps a bound method of the described tensor, and with it the tensor itself. A ViewFunc here holds only
// what the replay needs (integers, and tensors the view captured), never the view or its base.
//
// Example:
//   absl::StatusOr<at::Tensor> view = desc->view_func->Apply(
//       *desc, new_base, [](const c10::SymInt& s) { return s; }, [&](const at::Tensor& t) { return Fake(t); });
//
// Thread safety: immutable; any thread may call Apply.
// Lifetime: shared by the records that carry it; independent of the tensor it was taken from.
// Source: `ViewFunc` and `_CustomViewFunc` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_META_VIEW_FUNC_H_
#define METACONV_META_VIEW_FUNC_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "c10/core/SymInt.h"

namespace at {
class Tensor;
}  // namespace at

namespace metaconv {

struct MetaTensorDesc;

class ViewFunc {
 public:
  // What to put in place of each integer / tensor that the view captured. An empty visitor keeps it as it is.
  using SymIntVisitor = std::function<c10::SymInt(const c10::SymInt&)>;
  using TensorVisitor = std::function<at::Tensor(const at::Tensor&)>;

  virtual ~ViewFunc() = default;

  // The name of the view operation: "as_strided", "ViewAsRealViewFunc", …
  virtual std::string Name() const = 0;

  // The view that `view` describes, made of `new_base`.
  // Errors: kInvalidArgument if it cannot be made of `new_base`.
  virtual absl::StatusOr<at::Tensor> Apply(const MetaTensorDesc& view, const at::Tensor& new_base,
                                           const SymIntVisitor& symint_visitor,
                                           const TensorVisitor& tensor_visitor) const = 0;
};

}  // namespace metaconv

#endif  // METACONV_META_VIEW_FUNC_H_
