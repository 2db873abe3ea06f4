#include "checkpoint/torch/rebuild.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/records/tensor_spec.h"
#include "checkpoint/torch/call_arguments.h"
#include "checkpoint/torch/torch_globals.h"
#include "checkpoint/torch/torch_types.h"

namespace metaconv {
namespace {

// How the result depends on the first argument.
enum class InnerKind {
  kNone,
  kTensor,  // The first argument is a tensor, of which the result is made.
  kCall,    // The first argument is a function that makes the tensor, the third its arguments.
};

// "FloatTensor" and similar classes, which the oldest files name. The dtype is that of the storage.
bool IsTypedTensorClass(const PickleGlobal& global) {
  constexpr std::string_view kSuffix = "Tensor";
  if (global.module != "torch" && global.module != "torch.cuda") return false;
  const std::string_view name = global.name;
  if (!name.ends_with(kSuffix)) return false;
  return StorageClassDtype(absl::StrCat(global.name.substr(0, name.size() - kSuffix.size()), "Storage")).has_value();
}

}  // namespace

struct TensorRebuilder::KnownFunction {
  std::string_view module;
  std::string_view name;
  Handler handler;
  InnerKind inner = InnerKind::kNone;
};

const TensorRebuilder::KnownFunction TensorRebuilder::kFunctions[] = {
    {"torch._utils", "_rebuild_tensor", &TensorRebuilder::Tensor},
    {"torch._utils", "_rebuild_tensor_v2", &TensorRebuilder::TensorV2},
    {"torch._utils", "_rebuild_tensor_v3", &TensorRebuilder::TensorV3},
    {"torch._utils", "_rebuild_qtensor", &TensorRebuilder::Quantized},
    {"torch._utils", "_rebuild_sparse_tensor", &TensorRebuilder::Sparse},
    {"torch._utils", "_rebuild_meta_tensor_no_storage", &TensorRebuilder::MetaWithoutStorage},
    {"torch._utils", "_rebuild_device_tensor_from_cpu_tensor", &TensorRebuilder::FromCpuTensor, InnerKind::kTensor},
    {"torch._utils", "_rebuild_device_tensor_from_numpy", &TensorRebuilder::FromNumpy},
    {"torch._utils", "_rebuild_xla_tensor", &TensorRebuilder::FromNumpy},
    {"torch._utils", "_rebuild_parameter", &TensorRebuilder::Parameter, InnerKind::kTensor},
    {"torch._utils", "_rebuild_parameter_with_state", &TensorRebuilder::Parameter, InnerKind::kTensor},
    {"torch._tensor", "_rebuild_from_type", &TensorRebuilder::WithClass, InnerKind::kCall},
    {"torch._tensor", "_rebuild_from_type_v2", &TensorRebuilder::WithClass, InnerKind::kCall},
    {"torch.nn.parameter", "Parameter", &TensorRebuilder::Parameter, InnerKind::kTensor},
    {"torch.nn", "Parameter", &TensorRebuilder::Parameter, InnerKind::kTensor},
    {"torch.autograd.variable", "Variable", &TensorRebuilder::Variable, InnerKind::kTensor},
    {"torch.autograd", "Variable", &TensorRebuilder::Variable, InnerKind::kTensor},
    {"torch", "Tensor", &TensorRebuilder::EmptyOfClass},
};

const TensorRebuilder::KnownFunction* TensorRebuilder::FindFunction(const PickleGlobal& callable) {
  static constexpr KnownFunction kTypedTensor = {"torch", "*", &TensorRebuilder::EmptyOfClass};
  for (const KnownFunction& function : kFunctions) {
    if (Is(callable, function.module, function.name)) return &function;
  }
  return IsTypedTensorClass(callable) ? &kTypedTensor : nullptr;
}

bool TensorRebuilder::IsTensor(const PickleObject& object) const {
  const PickleGlobal* const global = GlobalOf(object.callable);
  return global != nullptr && IsTensorCall(*global, *object.args, 0);
}

bool TensorRebuilder::IsTensorCall(const PickleGlobal& callable, const PickleTuple& args, int depth) const {
  const KnownFunction* const function = FindFunction(callable);
  if (function == nullptr || depth >= kLimits.rebuild_calls) return false;
  const PickleObject* const inner = args.items.empty() ? nullptr : As<PickleObject>(args.items[0]);
  switch (function->inner) {
    case InnerKind::kNone:
      return true;
    case InnerKind::kTensor: {
      // A value that is not an object is an error, which Rebuild returns.
      const PickleGlobal* const global = inner == nullptr ? nullptr : GlobalOf(inner->callable);
      return inner == nullptr || (global != nullptr && IsTensorCall(*global, *inner->args, depth + 1));
    }
    case InnerKind::kCall: {
      if (args.items.size() != 4) return false;
      const PickleGlobal* const global = GlobalOf(args.items[0]);
      const PickleTuple* const inner_args = As<PickleTuple>(args.items[2]);
      return global != nullptr && inner_args != nullptr && IsTensorCall(*global, *inner_args, depth + 1);
    }
  }
  return false;
}

absl::StatusOr<TensorSpec> TensorRebuilder::Rebuild(const PickleObject& object) {
  calls_ = 0;
  return RebuildObject(object);
}

absl::StatusOr<TensorSpec> TensorRebuilder::RebuildObject(const PickleObject& object) {
  const PickleGlobal& callable = *GlobalOf(object.callable);
  absl::StatusOr<TensorSpec> spec = Call(callable, *object.args, object.offset);
  if (!spec.ok()) return spec;
  const CallArguments arguments(callable, *object.args, object.offset);
  if (absl::Status status = ApplyState(object, arguments, *spec); !status.ok()) return status;
  return spec;
}

absl::StatusOr<TensorSpec> TensorRebuilder::Call(const PickleGlobal& callable, const PickleTuple& args,
                                                 std::uint64_t offset) {
  const CallArguments arguments(callable, args, offset);
  const KnownFunction* const function = FindFunction(callable);
  if (function == nullptr) return arguments.Located(absl::DataLossError("expected a function that rebuilds tensors"));
  if (++calls_ > kLimits.rebuild_calls) {
    return arguments.Located(absl::ResourceExhaustedError(absl::StrCat(
        "expected at most ", kLimits.rebuild_calls, " calls of rebuild functions for a tensor, found more")));
  }
  return (this->*function->handler)(arguments);
}

// Applies the states of tensors and variables of early versions, which had no rebuild functions; see
// Tensor.__setstate__ in PyTorch. Other states are Python attributes, which are not in a record.
absl::Status TensorRebuilder::ApplyState(const PickleObject& object, const CallArguments& arguments, TensorSpec& spec) {
  for (const PickleValue& state : object.states) {
    const PickleTuple* const tuple = As<PickleTuple>(state);
    if (tuple == nullptr) continue;
    const std::vector<PickleValue>& items = tuple->items;
    std::size_t requires_grad = 0;  // Its index in the tuple.
    if (items.size() == 4) {
      const CallArguments set(*GlobalOf(object.callable), *tuple, object.offset);
      absl::StatusOr<TensorSpec> placed = Strided(set);
      if (!placed.ok()) return placed.status();
      spec = *std::move(placed);
      continue;
    }
    if (items.size() == 5) {
      absl::StatusOr<TensorSpec> data = Inner(arguments, items[0]);
      if (!data.ok()) return data.status();
      data->is_parameter = spec.is_parameter;
      spec = *std::move(data);
      requires_grad = 3;
    } else if (items.size() != 3) {
      continue;
    }
    const bool* const value = std::get_if<bool>(&items[requires_grad]);
    if (value == nullptr) return arguments.Expected("requires_grad as a bool", items[requires_grad]);
    spec.requires_grad = *value;
  }
  return absl::OkStatus();
}

}  // namespace metaconv
