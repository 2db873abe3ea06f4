// NamedViewFunc: the name of a view operation without its arguments, as in a record that was parsed from JSON.
//
// Example:
//   desc.view_func = std::make_shared<const NamedViewFunc>("aten::select.int");
//
// Thread safety: immutable; any thread may call Apply.
// Lifetime: owns its name.

#ifndef METACONV_META_NAMED_VIEW_FUNC_H_
#define METACONV_META_NAMED_VIEW_FUNC_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "meta/view_func.h"

namespace metaconv {

class NamedViewFunc final : public ViewFunc {
 public:
  explicit NamedViewFunc(std::string name) : name_(std::move(name)) {}

  std::string Name() const override { return name_; }

  // Errors: always kInvalidArgument, because the arguments of the operation are not known.
  absl::StatusOr<at::Tensor> Apply(const MetaTensorDesc& view, const at::Tensor& new_base,
                                   const SymIntVisitor& symint_visitor,
                                   const TensorVisitor& tensor_visitor) const override;

 private:
  const std::string name_;
};

}  // namespace metaconv

#endif  // METACONV_META_NAMED_VIEW_FUNC_H_
