// NamedViewFunc: a view function that was read in a process that cannot decode it. It has the name of the operation, and
// the encoded form with the captured tensors if there is one, so it is written again as it was.
//
// Example:
//   desc.extras.Edit().view_func = std::make_shared<const NamedViewFunc>("aten::select.int");
//
// Thread safety: immutable; any thread may call Apply.
// Lifetime: owns its name, and shares the captured records.

#ifndef METACONV_META_NAMED_VIEW_FUNC_H_
#define METACONV_META_NAMED_VIEW_FUNC_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "meta/encoded_value.h"
#include "meta/view_func.h"

namespace metaconv {

class NamedViewFunc final : public ViewFunc {
 public:
  explicit NamedViewFunc(std::string name) : name_(std::move(name)) {}
  NamedViewFunc(std::string name, std::optional<EncodedValue> encoded, std::vector<CapturedTensor> captured)
      : name_(std::move(name)), encoded_(std::move(encoded)), captured_(std::move(captured)) {}

  std::string Name() const override { return name_; }
  absl::Span<const CapturedTensor> captured() const override { return captured_; }
  std::optional<EncodedValue> Encode() const override { return encoded_; }

  // Errors: always kInvalidArgument, because the arguments of the operation are not known.
  absl::StatusOr<at::Tensor> Apply(const MetaTensorDesc& view, const at::Tensor& new_base,
                                   const SymIntVisitor& symint_visitor,
                                   const TensorVisitor& tensor_visitor) const override;

 private:
  const std::string name_;
  const std::optional<EncodedValue> encoded_;
  const std::vector<CapturedTensor> captured_;
};

}  // namespace metaconv

#endif  // METACONV_META_NAMED_VIEW_FUNC_H_
