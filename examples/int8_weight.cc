#include "examples/int8_weight.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/stack.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "c10/core/InferenceMode.h"
#include "c10/core/TensorImpl.h"
#include "kinds/wrapper_type.h"
#include "meta/opaque_value.h"
#include "torch/library.h"

namespace metaconv::examples {
namespace {

// --- The tensor type. ---

// A dispatch key that LibTorch reserves for other projects. It only selects our kernels; the device is that of the
// data.
constexpr c10::DispatchKey kKey = c10::DispatchKey::PrivateUse2;

// It has no storage, because its float elements are not in memory.
class Int8WeightImpl final : public c10::TensorImpl {
 public:
  explicit Int8WeightImpl(Int8WeightParts parts)
      : TensorImpl(c10::DispatchKeySet(kKey), parts.scale.dtype(), parts.data.device()), parts_(std::move(parts)) {
    set_sizes_and_strides(parts_.data.sym_sizes(), parts_.data.sym_strides());
  }

  const Int8WeightParts& parts() const { return parts_; }

  // Weak references, such as those in a converter's memo, keep the object allocated. They must not keep the parts
  // alive.
  void release_resources() override {
    TensorImpl::release_resources();
    parts_ = {};
  }

  // Called by detach() and other parts of autograd to copy the tensor. The base class would create a plain TensorImpl.
  c10::intrusive_ptr<TensorImpl> shallow_copy_and_detach(const c10::VariableVersion& version,
                                                         bool allow_change) const override {
    auto copy = c10::make_intrusive<Int8WeightImpl>(parts_);
    copy_tensor_metadata(this, copy.get(), version, allow_change);
    return copy;
  }
  c10::intrusive_ptr<TensorImpl> shallow_copy_and_detach(c10::VariableVersion&& version,
                                                         bool allow_change) const override {
    return shallow_copy_and_detach(std::as_const(version), allow_change);
  }

 private:
  Int8WeightParts parts_;
};

at::Tensor MakeInt8Weight(Int8WeightParts parts) {
  return at::Tensor(c10::make_intrusive<Int8WeightImpl>(std::move(parts)));
}

// `values` has one element per index along the axis. The result has a shape that broadcasts against the data.
at::Tensor AlongAxis(const at::Tensor& values, std::int64_t axis, const at::Tensor& data) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(data.dim()), 1);
  shape[static_cast<std::size_t>(axis)] = -1;
  return values.view(shape);
}

// --- Operators. ---

bool HasInt8Weight(const c10::IValue& value) {
  if (value.isTensor()) return IsInt8Weight(value.toTensor());
  if (!value.isList()) return false;
  for (const c10::IValue& element : value.toListRef()) {
    if (HasInt8Weight(element)) return true;
  }
  return false;
}

c10::IValue DequantizeAll(const c10::IValue& value) {
  if (!HasInt8Weight(value)) return value;
  if (value.isTensor()) return Dequantize(value.toTensor());
  c10::List<c10::IValue> elements(value.toList().elementType());
  for (const c10::IValue& element : value.toListRef()) elements.push_back(DequantizeAll(element));
  return elements;
}

// The kernel of every operator: calls the same operator with the dequantized tensors.
void OnDequantized(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const std::vector<c10::Argument>& arguments = op.schema().arguments();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    c10::IValue& value = torch::jit::peek(*stack, i, arguments.size());
    const bool is_written = arguments[i].alias_info() != nullptr && arguments[i].alias_info()->isWrite();
    TORCH_CHECK(!is_written || !HasInt8Weight(value), op.operator_name(), ": cannot write to an Int8Weight ('",
                arguments[i].name(), "'); write to the result of Dequantize(weight) and quantize it again");
    value = DequantizeAll(value);
  }
  op.callBoxed(*stack);
}

// Inference mode skips the autograd dispatch keys, but not the ADInplaceOrView key, which marks results as views. A
// tensor created in inference mode cannot be a view of a tensor that was not, so the operator runs with inference mode
// disabled.
void OnDequantizedInInferenceMode(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const c10::InferenceMode off(false);
  OnDequantized(op, stack);
}

at::Tensor Detach(const at::Tensor& weight) {
  const c10::TensorImpl& impl = *weight.unsafeGetTensorImpl();
  return at::Tensor(impl.shallow_copy_and_detach(impl.version_counter(), /*allow_tensor_metadata_change=*/false));
}

at::Tensor Clone(const at::Tensor& weight, std::optional<at::MemoryFormat> format) {
  const Int8WeightParts& parts = PartsOf(weight);
  return MakeInt8Weight({parts.data.clone(format), parts.scale.clone(), parts.zero_point.clone(), parts.axis});
}

// Registers the kernel for each operator by name. A backend fallback would have lower priority than the kernels that
// LibTorch registers for all backends.
template <c10::KernelFunction::BoxedKernelFunction* kKernel>
void RegisterOperators(torch::Library& library) {
  library.impl("detach", Detach);
  library.impl("clone", Clone);
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    if (name.getNamespace() != "aten" || name.name == "aten::detach" || name.name == "aten::clone") continue;
    library.impl(c10::toString(name).c_str(), torch::CppFunction::makeFromBoxedFunction<kKernel>());
  }
}

// The kernel replaces autograd for this key. Autograd then sees only the dequantized tensors, and the result of a view
// operator such as t() or slice() is a view of the dequantized tensor, which it aliases, rather than of the weight.
TORCH_LIBRARY_IMPL(aten, AutogradPrivateUse2, library) { RegisterOperators<&OnDequantized>(library); }
TORCH_LIBRARY_IMPL(aten, PrivateUse2, library) { RegisterOperators<&OnDequantizedInInferenceMode>(library); }

// --- Registration as a wrapper type of metaconv. ---

constexpr char kTypeName[] = "Int8Weight";

// The only part of an Int8Weight that is not a tensor.
class QuantizationAxis final : public OpaqueValue {
 public:
  explicit QuantizationAxis(std::int64_t axis) : axis_(axis) {}
  std::int64_t axis() const { return axis_; }
  std::string Repr() const override { return absl::StrCat("QuantizationAxis(", axis_, ")"); }

  // For files of records.
  std::optional<EncodedValue> Encode() const override {
    return EncodedValue{.type = kTypeName, .bytes = absl::StrCat(axis_)};
  }

 private:
  const std::int64_t axis_;
};

absl::StatusOr<std::shared_ptr<const OpaqueValue>> ParseAxis(std::string_view bytes) {
  std::int64_t axis = 0;
  if (!absl::SimpleAtoi(std::string(bytes), &axis)) {
    return absl::InvalidArgumentError("Int8Weight: ctx: expected an axis, found other text");
  }
  return std::make_shared<const QuantizationAxis>(axis);
}

absl::StatusOr<FlattenedTensor> Flatten(const at::Tensor& tensor) {
  const Int8WeightParts& parts = PartsOf(tensor);
  return FlattenedTensor{.inner = {{"data", parts.data}, {"scale", parts.scale}, {"zero_point", parts.zero_point}},
                         .ctx = std::make_shared<const QuantizationAxis>(parts.axis)};
}

// Records may come from untrusted sources, so this checks its input. The strides follow from the data.
absl::StatusOr<at::Tensor> Unflatten(const FlattenedTensor& flat, c10::SymIntArrayRef size, c10::SymIntArrayRef) {
  const auto* axis = dynamic_cast<const QuantizationAxis*>(flat.ctx.get());
  if (axis == nullptr) return absl::InvalidArgumentError("Int8Weight: ctx: expected a QuantizationAxis, found none");
  if (flat.inner.size() != 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("Int8Weight: expected data, scale and zero_point, found ", flat.inner.size(), " tensors"));
  }
  const Int8WeightParts parts = {flat.inner[0].second, flat.inner[1].second, flat.inner[2].second, axis->axis()};
  if (!parts.data.sym_sizes().equals(size)) {
    return absl::InvalidArgumentError(absl::StrCat("Int8Weight: size: expected the size of the data, with ",
                                                   parts.data.dim(), " dimensions, found another size, with ",
                                                   size.size(), " dimensions"));
  }
  if (parts.axis < 0 || parts.axis >= parts.data.dim()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Int8Weight: axis: expected 0 to ", parts.data.dim() - 1, ", found ", parts.axis));
  }
  return MakeInt8Weight(parts);
}

const bool is_registered = [] {
  const absl::Status status = RegisterWrapperType<Int8WeightImpl>(
      {.name = kTypeName, .flatten = Flatten, .unflatten = Unflatten, .parse_opaque = ParseAxis});
  TORCH_CHECK(status.ok(), status.message());
  return true;
}();

}  // namespace

bool IsInt8Weight(const at::Tensor& tensor) {
  return tensor.defined() && dynamic_cast<const Int8WeightImpl*>(tensor.unsafeGetTensorImpl()) != nullptr;
}

const Int8WeightParts& PartsOf(const at::Tensor& tensor) {
  TORCH_CHECK_VALUE(IsInt8Weight(tensor), "expected an Int8Weight, found another tensor");
  return static_cast<const Int8WeightImpl*>(tensor.unsafeGetTensorImpl())->parts();
}

at::Tensor Quantize(const at::Tensor& weight, std::int64_t axis) {
  TORCH_CHECK_VALUE(at::isFloatingType(weight.scalar_type()), "Quantize: expected floating point numbers, found ",
                    weight.scalar_type());
  const at::Tensor plain = weight.detach();
  axis = at::maybe_wrap_dim(axis, plain.dim(), /*wrap_scalar=*/false);
  // Maps the range of each channel to -128 … 127. The range includes 0, so that 0 is represented exactly.
  const at::Tensor channels = plain.movedim(axis, 0).flatten(1);
  const at::Tensor low = channels.amin(1).clamp_max(0);
  const at::Tensor high = channels.amax(1).clamp_min(0);
  const at::Tensor scale = ((high - low) / 255).clamp_min(1e-12);
  const at::Tensor zero_point = (-128 - low / scale).round().clamp(-128, 127).to(at::kInt);
  const at::Tensor steps = (plain / AlongAxis(scale, axis, plain)).round() + AlongAxis(zero_point, axis, plain);
  return MakeInt8Weight({steps.clamp(-128, 127).to(at::kChar), scale, zero_point, axis});
}

at::Tensor Dequantize(const at::Tensor& tensor) {
  const Int8WeightParts& parts = PartsOf(tensor);
  const at::Tensor steps = parts.data - AlongAxis(parts.zero_point, parts.axis, parts.data);
  return steps * AlongAxis(parts.scale, parts.axis, parts.data);
}

}  // namespace metaconv::examples
