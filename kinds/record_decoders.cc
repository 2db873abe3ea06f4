#include "kinds/record_decoders.h"

#include <memory>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kinds/check_calls.h"
#include "kinds/functorch_stack.h"
#include "kinds/operator_calls_json.h"
#include "kinds/operator_view_func.h"
#include "kinds/wrapper_type.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

absl::StatusOr<std::shared_ptr<const OpaqueValue>> DecodeOpaque(const EncodedValue& encoded) {
  if (encoded.type == FunctorchStack::kEncodedType) return FunctorchStack::Parse(encoded.bytes);
  const WrapperType* type = FindWrapperType(encoded.type);
  if (type == nullptr || !type->parse_opaque) {
    return absl::UnimplementedError(absl::StrCat("expected a known type, found '", encoded.type, "'"));
  }
  absl::StatusOr<std::shared_ptr<const OpaqueValue>> value =
      CatchTorch(absl::StrCat("parsing a value of ", type->name), [&] { return type->parse_opaque(encoded.bytes); });
  if (value.ok() && *value == nullptr) {
    return absl::InternalError(absl::StrCat("parsing a value of ", type->name, ": expected a value, found none"));
  }
  return value;
}

// A tensor in the place of each captured one, which Apply replaces.
std::vector<at::Tensor> Placeholders(const std::vector<CapturedTensor>& captured) {
  if (captured.empty()) return {};
  static const at::Tensor& placeholder = *new at::Tensor(at::empty({0}, at::TensorOptions().device(at::kMeta)));
  return std::vector<at::Tensor>(captured.size(), placeholder);
}

absl::StatusOr<std::shared_ptr<const ViewFunc>> DecodeView(const EncodedValue& encoded,
                                                           std::vector<CapturedTensor> captured) {
  if (encoded.type != kOperatorCalls) {
    return absl::UnimplementedError(absl::StrCat("expected operator calls, found '", encoded.type, "'"));
  }
  return CatchTorch("view_func", [&]() -> absl::StatusOr<std::shared_ptr<const ViewFunc>> {
    absl::StatusOr<std::vector<OperatorCall>> calls = OperatorCallsFromText(encoded.bytes, Placeholders(captured));
    if (!calls.ok()) return calls.status();
    if (absl::Status status = CheckCalls(*calls); !status.ok()) return status;
    return OperatorViewFunc::FromRecords(*std::move(calls), std::move(captured));
  });
}

}  // namespace

RecordDecoders TorchDecoders() { return {.opaque_value = DecodeOpaque, .view_func = DecodeView}; }

}  // namespace metaconv
