#include "kinds/check_calls.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "ATen/core/Tensor.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/jit_type.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Layout.h"
#include "c10/core/MemoryFormat.h"
#include "c10/core/QScheme.h"
#include "c10/core/ScalarType.h"
#include "c10/core/WrapDimMinimal.h"
#include "kinds/find_operator.h"

namespace metaconv {
namespace {

// Operators whose schema says that they return a view, but that copy in some cases, or read the arguments unchecked.
constexpr std::string_view kRefused[] = {
    "aten::_autocast_to_full_precision",
    "aten::_autocast_to_reduced_precision",
    "aten::_nested_view_from_buffer",
    "aten::coalesce",
    "aten::contiguous",
    "aten::flatten",
    "aten::pin_memory",
    "aten::ravel",
    "aten::reshape",
    "aten::reshape_as",
    "aten::resolve_conj",
    "aten::resolve_neg",
    "aten::to",
};

// Operators that return lists whose length CheckOutputCount knows, or the arguments contain.
constexpr std::string_view kListOperators[] = {
    "aten::chunk", "aten::split.Tensor", "aten::split.sizes", "aten::split_with_sizes", "aten::unbind.int",
};

template <typename Names>
bool Contains(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Whether an operator returns a view of its first argument, and writes to none.
bool IsViewOperator(const c10::FunctionSchema& schema) {
  if (schema.arguments().empty() || schema.returns().size() != 1 || schema.is_mutable()) return false;
  if (schema.arguments()[0].alias_info() == nullptr || schema.returns()[0].alias_info() == nullptr) return false;
  if (schema.arguments()[0].type()->kind() != c10::TypeKind::TensorType || Contains(kRefused, schema.name())) {
    return false;
  }
  return schema.returns()[0].type()->kind() == c10::TypeKind::TensorType ||
         Contains(kListOperators, c10::toString(schema.operator_name()));
}

// Whether `value` is the number of one of the `count` first enumerators.
bool IsNumberBelow(const c10::IValue& value, std::int64_t count) {
  return value.isInt() && value.toInt() >= 0 && value.toInt() < count;
}

bool Fits(const c10::IValue& value, const c10::Type& type) {
  switch (type.kind()) {
    case c10::TypeKind::OptionalType:
      return value.isNone() || Fits(value, *type.expectRef<c10::OptionalType>().getElementType());
    case c10::TypeKind::ScalarTypeType:
      return IsNumberBelow(value, static_cast<std::int64_t>(c10::ScalarType::Undefined));
    case c10::TypeKind::LayoutType:
      return IsNumberBelow(value, static_cast<std::int64_t>(c10::Layout::NumOptions));
    case c10::TypeKind::MemoryFormatType:
      return IsNumberBelow(value, static_cast<std::int64_t>(c10::MemoryFormat::NumOptions));
    case c10::TypeKind::QSchemeType:
      return IsNumberBelow(value, c10::COMPILE_TIME_NUM_QSCHEMES);
    case c10::TypeKind::TensorType:
      return value.isTensor();
    case c10::TypeKind::SymIntType:
      return value.isInt() || value.isSymInt();
    case c10::TypeKind::ListType:
      if (type.expectRef<c10::ListType>().getElementType()->kind() == c10::TypeKind::SymIntType) {
        return value.isIntList() || value.isSymIntList();
      }
      return value.type()->isSubtypeOf(type);
    default:
      return value.type()->isSubtypeOf(type);
  }
}

std::string Found(const c10::IValue& value) {
  return value.isInt() ? absl::StrCat(value.toInt()) : value.isNone() ? "none" : value.tagKind();
}

absl::Status CheckArguments(const c10::FunctionSchema& schema, const OperatorCall& call) {
  const std::vector<c10::Argument>& expected = schema.arguments();
  if (call.arguments.size() != expected.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(call.name, ": expected ", expected.size(), " arguments, found ", call.arguments.size()));
  }
  if (!call.arguments[0].isNone()) {
    return absl::InvalidArgumentError(absl::StrCat(call.name, ": argument '", expected[0].name(),
                                                   "': expected none, which stands for the result of the call before, ",
                                                   "found ", Found(call.arguments[0])));
  }
  for (std::size_t i = 1; i < expected.size(); ++i) {
    const c10::Type& type = *expected[i].real_type();
    if (Fits(call.arguments[i], type)) continue;
    return absl::InvalidArgumentError(absl::StrCat(call.name, ": argument '", expected[i].name(), "': expected ",
                                                   type.str(), ", found ", Found(call.arguments[i])));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckCalls(const std::vector<OperatorCall>& calls) {
  for (const OperatorCall& call : calls) {
    const std::optional<c10::OperatorHandle> op = FindOperator(call.name);
    if (!op.has_value()) continue;
    if (!IsViewOperator(op->schema())) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected operators that always return a view of their first argument, found ", call.name));
    }
    if (absl::Status status = CheckArguments(op->schema(), call); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckOutputCount(const c10::OperatorHandle& op, const torch::jit::Stack& arguments) {
  const c10::FunctionSchema& schema = op.schema();
  if (schema.returns()[0].type()->kind() != c10::TypeKind::ListType) return absl::OkStatus();
  const std::string name = c10::toString(schema.operator_name());
  const at::Tensor& tensor = arguments[0].toTensor();
  if (tensor.is_nested()) return absl::OkStatus();  // Its components exist.
  const auto size = [&](std::size_t dim) {
    return tensor.sym_size(c10::maybe_wrap_dim(arguments[dim].toInt(), tensor.dim())).maybe_as_int().value_or(0);
  };
  const auto number = [&](std::size_t i) { return arguments[i].toSymInt().maybe_as_int().value_or(0); };
  std::int64_t count = 0;
  if (name == "aten::unbind.int") {
    count = size(1);
  } else if (name == "aten::split.Tensor") {
    const std::int64_t part = number(1);
    count = part > 0 ? size(2) / part : 0;  // The operator refuses other numbers.
  } else if (name == "aten::chunk") {
    count = number(1);
  }
  if (count <= kMaxOutputs) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("view_func: ", name, ": expected at most ", kMaxOutputs, " tensors, found ", count));
}

}  // namespace metaconv
