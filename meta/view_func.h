// ViewFunc: replays a view operation on another base.
//
// The reference keeps a bound method of the described tensor, which keeps the tensor alive. A ViewFunc holds only what
// the replay needs (integers, and tensors that the view captured), never the view or its base.
//
// Example:
//   absl::StatusOr<at::Tensor> view = desc->view_func->Apply(
//       *desc, new_base, [](const c10::SymInt& s) { return s; },
//       [&](const CapturedTensor& captured) { return converter.MetaTensor(*captured.desc); });
//
// Thread safety: immutable; any thread may call Apply.
// Lifetime: shared by the records that hold it; does not reference the tensor that it was taken from.
// Source: `ViewFunc` and `_CustomViewFunc` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_META_VIEW_FUNC_H_
#define METACONV_META_VIEW_FUNC_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/SymInt.h"
#include "c10/core/TensorImpl.h"
#include "c10/util/intrusive_ptr.h"
#include "meta/encoded_value.h"

namespace at {
class Tensor;
}  // namespace at

namespace metaconv {

struct MetaTensorDesc;

// A tensor other than the base that was an argument of the view operation.
struct CapturedTensor {
  std::shared_ptr<const MetaTensorDesc> desc;
  c10::intrusive_ptr<c10::TensorImpl> tensor;  // Null if only the record is known.
};

// The type of an encoded view function that is a sequence of calls of LibTorch's operators. Its bytes are JSON text:
//   [{"name": "aten::select.int", "arguments": [null, 0, 3]}]
inline constexpr std::string_view kOperatorCalls = "operator calls";

class ViewFunc {
 public:
  // Replacements for each captured integer and each captured tensor. An empty visitor keeps the captured values.
  using SymIntVisitor = std::function<c10::SymInt(const c10::SymInt&)>;
  using TensorVisitor = std::function<absl::StatusOr<at::Tensor>(const CapturedTensor&)>;

  virtual ~ViewFunc() = default;

  // The name of the view operation: "as_strided" if size, stride and storage offset of the record define the view,
  // otherwise the names of LibTorch's operators: "aten::view_as_real", "aten::view_as_real, aten::select.int", …
  virtual std::string Name() const = 0;

  // The tensors that the view captured.
  virtual absl::Span<const CapturedTensor> captured() const { return {}; }

  // The form in which another process can read the function, apart from the captured tensors, which it refers to by
  // their index. Nullopt: another process gets the name only.
  virtual std::optional<EncodedValue> Encode() const { return std::nullopt; }

  // Creates the view that `view` describes on `new_base`.
  // Errors: kInvalidArgument if the operation is not known; LibTorch's error if the operation fails on `new_base`; the
  // error of the tensor visitor.
  virtual absl::StatusOr<at::Tensor> Apply(const MetaTensorDesc& view, const at::Tensor& new_base,
                                           const SymIntVisitor& symint_visitor,
                                           const TensorVisitor& tensor_visitor) const = 0;
};

}  // namespace metaconv

#endif  // METACONV_META_VIEW_FUNC_H_
