#include "kinds/operator_view_func.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kinds/check_calls.h"
#include "kinds/find_operator.h"
#include "kinds/operator_calls_json.h"
#include "kinds/value_tensors.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

// Replaces integers only where the schema has SymInt; LibTorch's view functions do the same. Dimensions, for example,
// are plain integers in schemas and stay as they are.
c10::IValue MapSymInts(const c10::Type& type, const c10::IValue& value, const ViewFunc::SymIntVisitor& visitor) {
  if (value.isNone()) return value;
  switch (type.kind()) {
    case c10::TypeKind::OptionalType:
      return MapSymInts(*type.expectRef<c10::OptionalType>().getElementType(), value, visitor);
    case c10::TypeKind::SymIntType:
      return visitor(value.toSymInt());
    case c10::TypeKind::ListType: {
      if (type.expectRef<c10::ListType>().getElementType()->kind() != c10::TypeKind::SymIntType) return value;
      std::vector<c10::SymInt> values = value.toSymIntVector();
      for (c10::SymInt& element : values) element = visitor(element);
      return values;
    }
    default:
      return value;
  }
}

// Nullopt if this process has no operator with this name and number of arguments.
std::optional<c10::OperatorHandle> OperatorOf(const OperatorCall& call) {
  const std::optional<c10::OperatorHandle> op = FindOperator(call.name);
  if (!op.has_value() || op->schema().arguments().size() != call.arguments.size() || call.arguments.empty()) return {};
  return op;
}

std::vector<std::optional<c10::OperatorHandle>> FindOperators(const std::vector<OperatorCall>& calls) {
  std::vector<std::optional<c10::OperatorHandle>> operators;
  for (const OperatorCall& call : calls) operators.push_back(OperatorOf(call));
  return operators;
}

absl::StatusOr<at::Tensor> PickOutput(const OperatorCall& call, torch::jit::Stack stack) {
  if (stack.size() == 1 && stack[0].isTensor() && !call.output.has_value()) return std::move(stack[0]).toTensor();
  if (stack.size() == 1 && stack[0].isTensorList() && call.output.has_value()) {
    const std::vector<at::Tensor> list = stack[0].toTensorVector();
    if (*call.output < list.size()) return list[*call.output];
    return absl::InvalidArgumentError(absl::StrCat("view_func: ", call.name, ": expected at least ", *call.output + 1,
                                                   " tensors, found ", list.size()));
  }
  return absl::InvalidArgumentError(absl::StrCat("view_func: ", call.name, ": expected an operator that returns ",
                                                 call.output.has_value() ? "tensors" : "a tensor"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ViewFunc>> OperatorViewFunc::Create(std::vector<OperatorCall> calls,
                                                                         DescribeCaptured describe) {
  std::vector<CapturedTensor> captured;
  absl::Status status;
  for (const OperatorCall& call : calls) {
    for (const c10::IValue& argument : call.arguments) {
      ForEachTensor(argument, [&](const at::Tensor& tensor) {
        if (!status.ok()) return;
        absl::StatusOr<MetaTensorDescPtr> desc = describe(tensor);
        status.Update(desc.status());
        if (desc.ok()) captured.push_back({*std::move(desc), tensor.getIntrusivePtr()});
      });
    }
  }
  if (!status.ok()) return status;
  return std::shared_ptr<const ViewFunc>(new OperatorViewFunc(std::move(calls), std::move(captured), false));
}

std::shared_ptr<const ViewFunc> OperatorViewFunc::FromRecords(std::vector<OperatorCall> calls,
                                                              std::vector<CapturedTensor> captured) {
  return std::shared_ptr<const ViewFunc>(new OperatorViewFunc(std::move(calls), std::move(captured), true));
}

OperatorViewFunc::OperatorViewFunc(std::vector<OperatorCall> calls, std::vector<CapturedTensor> captured,
                                   bool limits_outputs)
    : calls_(std::move(calls)),
      operators_(FindOperators(calls_)),
      captured_(std::move(captured)),
      limits_outputs_(limits_outputs) {}

std::string OperatorViewFunc::Name() const {
  return absl::StrJoin(calls_, ", ",
                       [](std::string* out, const OperatorCall& call) { absl::StrAppend(out, call.name); });
}

std::optional<EncodedValue> OperatorViewFunc::Encode() const {
  std::optional<std::string> text = OperatorCallsText(calls_);
  if (!text.has_value()) return std::nullopt;
  return EncodedValue{.type = std::string(kOperatorCalls), .bytes = *std::move(text)};
}

absl::StatusOr<torch::jit::Stack> OperatorViewFunc::Arguments(std::size_t i, at::Tensor tensor,
                                                              const SymIntVisitor& symint_visitor,
                                                              const TensorVisitor& tensor_visitor,
                                                              std::size_t& next_captured) const {
  const std::vector<c10::IValue>& arguments = calls_[i].arguments;
  torch::jit::Stack stack;
  stack.reserve(arguments.size());
  stack.push_back(std::move(tensor));
  stack.insert(stack.end(), arguments.begin() + 1, arguments.end());
  absl::Status status;
  for (std::size_t k = 1; k < stack.size() && (symint_visitor || tensor_visitor); ++k) {
    if (symint_visitor) {
      stack[k] = MapSymInts(*operators_[i]->schema().arguments()[k].real_type(), stack[k], symint_visitor);
    }
    if (tensor_visitor) {
      stack[k] = MapTensors(stack[k], [&](const at::Tensor& original) {
        const absl::StatusOr<at::Tensor> visited = tensor_visitor(captured_[next_captured++]);
        status.Update(visited.status());
        return visited.ok() ? *visited : original;
      });
    }
  }
  if (!status.ok()) return status;
  return stack;
}

absl::StatusOr<at::Tensor> OperatorViewFunc::Apply(const MetaTensorDesc&, const at::Tensor& new_base,
                                                   const SymIntVisitor& symint_visitor,
                                                   const TensorVisitor& tensor_visitor) const {
  for (const CapturedTensor& captured : captured_) {
    if (tensor_visitor || captured.tensor != nullptr) continue;
    return absl::InvalidArgumentError(absl::StrCat("view_func: ", Name(), ": expected a tensor for record ",
                                                   captured.desc->id, ", found only the record"));
  }
  return CatchTorch("replaying a view", [&]() -> absl::StatusOr<at::Tensor> {
    at::Tensor tensor = new_base;
    std::size_t next_captured = 0;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (!operators_[i].has_value()) {
        return absl::InvalidArgumentError(absl::StrCat("view_func: expected an operator with ",
                                                       calls_[i].arguments.size(), " arguments, found none called ",
                                                       calls_[i].name));
      }
      absl::StatusOr<torch::jit::Stack> stack =
          Arguments(i, std::move(tensor), symint_visitor, tensor_visitor, next_captured);
      if (!stack.ok()) return stack.status();
      if (limits_outputs_) {
        if (absl::Status status = CheckOutputCount(*operators_[i], *stack); !status.ok()) return status;
      }
      operators_[i]->callBoxed(*stack);
      absl::StatusOr<at::Tensor> output = PickOutput(calls_[i], *std::move(stack));
      if (!output.ok()) return output;
      tensor = *std::move(output);
    }
    return tensor;
  });
}

}  // namespace metaconv
