// OperatorViewFunc: a view operation as a sequence of calls of LibTorch's operators, with their names and arguments.
//
// Example:
//   absl::StatusOr<std::shared_ptr<const ViewFunc>> func =
//       OperatorViewFunc::Create({{"aten::select.int", {c10::IValue(), 0, 3}}}, describe);
//   (*func)->Apply(*desc, new_base, {}, {});        // new_base.select(0, 3)
//
// Thread safety: immutable; any thread may call Apply.
// Lifetime: owns its arguments, including captured tensors.

#ifndef METACONV_KINDS_OPERATOR_VIEW_FUNC_H_
#define METACONV_KINDS_OPERATOR_VIEW_FUNC_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/stack.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "kinds/record_operators.h"
#include "meta/meta_tensor_desc.h"
#include "meta/view_func.h"

namespace metaconv {

using DescribeCaptured = absl::FunctionRef<absl::StatusOr<MetaTensorDescPtr>(const at::Tensor&)>;

class OperatorViewFunc final : public ViewFunc {
 public:
  // Calls `describe` for each tensor among the arguments.
  static absl::StatusOr<std::shared_ptr<const ViewFunc>> Create(std::vector<OperatorCall> calls,
                                                                DescribeCaptured describe);

  // From calls whose tensors are placeholders for `captured`, in their order, of which only the records are known.
  // CheckCalls must accept calls from a file. Apply makes at most kMaxOutputs tensors with each.
  static std::shared_ptr<const ViewFunc> FromRecords(std::vector<OperatorCall> calls,
                                                     std::vector<CapturedTensor> captured);

  std::string Name() const override;
  absl::Span<const CapturedTensor> captured() const override { return captured_; }

  // Nullopt if an argument is a symbolic integer, or of a type that view operators do not have.
  std::optional<EncodedValue> Encode() const override;

  // Errors: also kInvalidArgument without `tensor_visitor` if only the record of a captured tensor is known.
  absl::StatusOr<at::Tensor> Apply(const MetaTensorDesc& view, const at::Tensor& new_base,
                                   const SymIntVisitor& symint_visitor,
                                   const TensorVisitor& tensor_visitor) const override;

  const std::vector<OperatorCall>& calls() const { return calls_; }

 private:
  // Looked up once, because a look-up takes longer than many view operators. Empty if this process has no operator with
  // that name and number of arguments.
  using Operator = std::optional<c10::OperatorHandle>;

  OperatorViewFunc(std::vector<OperatorCall> calls, std::vector<CapturedTensor> captured, bool limits_outputs);

  // The arguments of call `i` with `tensor` as the first one.
  absl::StatusOr<torch::jit::Stack> Arguments(std::size_t i, at::Tensor tensor, const SymIntVisitor& symint_visitor,
                                              const TensorVisitor& tensor_visitor, std::size_t& next_captured) const;

  const std::vector<OperatorCall> calls_;
  const std::vector<Operator> operators_;       // One for each call.
  const std::vector<CapturedTensor> captured_;  // In the order of the arguments.
  const bool limits_outputs_;
};

}  // namespace metaconv

#endif  // METACONV_KINDS_OPERATOR_VIEW_FUNC_H_
