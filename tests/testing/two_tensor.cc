#include "tests/testing/two_tensor.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/EmptyTensor.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/operator_name.h"
#include "ATen/core/stack.h"
#include "c10/core/TensorImpl.h"
#include "kinds/value_tensors.h"
#include "kinds/wrapper_type.h"
#include "torch/library.h"

namespace metaconv {
namespace {

using torch::jit::Stack;

// A dispatch key that LibTorch reserves for other projects. The device is still that of the parts.
constexpr c10::DispatchKey kKey = c10::DispatchKey::PrivateUse3;

class TwoTensorImpl final : public c10::TensorImpl {
 public:
  TwoTensorImpl(c10::Storage storage, at::Tensor a, at::Tensor b)
      : TensorImpl(std::move(storage), c10::DispatchKeySet(kKey), a.dtype()), a_(std::move(a)), b_(std::move(b)) {
    Refresh();
  }
  // A view of `base`. It is an inference tensor if `base` is one, independently of the current mode.
  TwoTensorImpl(const at::Tensor& base, at::Tensor a, at::Tensor b)
      : TensorImpl(VIEW, c10::Storage(base.storage()), base.key_set(), a.dtype()), a_(std::move(a)), b_(std::move(b)) {
    Refresh();
  }

  const at::Tensor& a() const { return a_; }
  const at::Tensor& b() const { return b_; }

  // Called because an operator may have changed the shape of the parts in place.
  void Refresh() { set_sizes_and_strides(a_.sym_sizes(), a_.sym_strides(), a_.sym_storage_offset()); }

  // Releases the parts, even if weak references keep the object allocated.
  void release_resources() override {
    TensorImpl::release_resources();
    a_.reset();
    b_.reset();
  }

  c10::intrusive_ptr<TensorImpl> shallow_copy_and_detach(const c10::VariableVersion& version,
                                                         bool allow_change) const override {
    auto copy = c10::make_intrusive<TwoTensorImpl>(c10::Storage(storage_), a_.detach(), b_.detach());
    copy_tensor_metadata(this, copy.get(), version, allow_change);
    return copy;
  }
  c10::intrusive_ptr<TensorImpl> shallow_copy_and_detach(c10::VariableVersion&& version,
                                                         bool allow_change) const override {
    return shallow_copy_and_detach(std::as_const(version), allow_change);
  }

 private:
  at::Tensor a_;
  at::Tensor b_;
};

TwoTensorImpl& ImplOf(const at::Tensor& tensor) { return *static_cast<TwoTensorImpl*>(tensor.unsafeGetTensorImpl()); }

// Has a size but no data, like the storages of Python's wrappers.
c10::Storage EmptyStorageFor(const at::Tensor& a) {
  const c10::SymInt bytes =
      at::detail::computeStorageNbytes(a.sym_sizes(), a.sym_strides(), a.element_size(), a.sym_storage_offset());
  return c10::Storage(c10::Storage::use_byte_size_t(), bytes, c10::DataPtr(nullptr, a.device()),
                      c10::GetAllocator(c10::kMeta), /*resizable=*/true);
}

at::Tensor Wrap(c10::Storage storage, at::Tensor a, at::Tensor b) {
  return at::Tensor(c10::make_intrusive<TwoTensorImpl>(std::move(storage), std::move(a), std::move(b)));
}

// --- Every operator, on both parts ---

// The number of views that an operator such as unbind returns depends on the size of the tensor, and LibTorch indexes
// the views without a bounds check. The operator would return a different number for parts whose shape was changed
// after they were wrapped.
void CheckShapeOfParts(const c10::OperatorHandle& op, const Stack& arguments) {
  if (op.schema().returns().size() != 1 || op.schema().returns()[0].type()->kind() != c10::TypeKind::ListType) return;
  for (const c10::IValue& argument : arguments) {
    if (!argument.isTensor() || !IsTwoTensor(argument.toTensor())) continue;
    const at::Tensor& tensor = argument.toTensor();
    for (const at::Tensor& part : {ImplOf(tensor).a(), ImplOf(tensor).b()}) {
      TORCH_CHECK_VALUE(part.sym_sizes().equals(tensor.sym_sizes()), "TwoTensor: expected tensors of size ",
                        tensor.sym_sizes(), ", as when they were wrapped, found ", part.sym_sizes());
    }
  }
}

Stack CallOn(const c10::OperatorHandle& op, const Stack& arguments, const at::Tensor& (TwoTensorImpl::*part)() const) {
  Stack stack;
  for (const c10::IValue& argument : arguments) {
    stack.push_back(MapTensors(
        argument, [&](const at::Tensor& tensor) { return IsTwoTensor(tensor) ? (ImplOf(tensor).*part)() : tensor; }));
  }
  op.callBoxed(stack);
  return stack;
}

// The argument that the return value (or each tensor in it) aliases; none if the return value is a new tensor.
std::optional<std::size_t> AliasedArgument(const c10::FunctionSchema& schema, const c10::Argument& returned) {
  if (returned.alias_info() == nullptr) return std::nullopt;
  const std::vector<c10::AliasInfo>& contained = returned.alias_info()->containedTypes();
  const auto& sets = contained.empty() ? returned.alias_info()->beforeSets() : contained[0].beforeSets();
  for (std::size_t i = 0; i < schema.arguments().size(); ++i) {
    const c10::AliasInfo* alias = schema.arguments()[i].alias_info();
    if (alias != nullptr && alias->beforeSets() == sets) return i;
  }
  return std::nullopt;
}

c10::IValue WrapReturned(const c10::Argument& returned, const c10::IValue& aliased, const c10::IValue& a,
                         const c10::IValue& b) {
  // An in-place operator returns its argument, whether that is a TwoTensor or not.
  if (aliased.isTensor() && returned.alias_info()->isWrite()) return aliased;
  const bool is_alias = aliased.isTensor() && IsTwoTensor(aliased.toTensor());
  std::vector<at::Tensor> second;
  ForEachTensor(b, [&](const at::Tensor& tensor) { second.push_back(tensor); });
  std::size_t next = 0;
  return MapTensors(a, [&](const at::Tensor& tensor) {
    const at::Tensor& other = second[next++];
    if (!is_alias) return Wrap(EmptyStorageFor(tensor), tensor, other);
    return at::Tensor(c10::make_intrusive<TwoTensorImpl>(aliased.toTensor(), tensor, other));
  });
}

void OnBothParts(const c10::OperatorHandle& op, Stack* stack) {
  const c10::FunctionSchema& schema = op.schema();
  const auto count = static_cast<std::ptrdiff_t>(schema.arguments().size());
  const Stack arguments(stack->end() - count, stack->end());
  stack->erase(stack->end() - count, stack->end());
  CheckShapeOfParts(op, arguments);
  const Stack a = CallOn(op, arguments, &TwoTensorImpl::a);
  const Stack b = CallOn(op, arguments, &TwoTensorImpl::b);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const c10::AliasInfo* alias = schema.arguments()[i].alias_info();
    const bool is_written = alias != nullptr && alias->isWrite();
    if (is_written && arguments[i].isTensor() && IsTwoTensor(arguments[i].toTensor())) {
      ImplOf(arguments[i].toTensor()).Refresh();
    }
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::optional<std::size_t> aliased = AliasedArgument(schema, schema.returns()[i]);
    stack->push_back(WrapReturned(schema.returns()[i], aliased ? arguments[*aliased] : c10::IValue(), a[i], b[i]));
  }
}

// Like Python's __torch_dispatch__, this is below autograd and above the implementation of an operator. Operators that
// are always composed of other operators are not registered, so that autograd sees those.
bool RegisterOperators() {
  static torch::Library& library = *new torch::Library(torch::Library::IMPL, "aten", kKey, __FILE__, __LINE__);
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    if (name.getNamespace() != "aten") continue;
    const auto op = c10::Dispatcher::singleton().findSchema(name);
    if (!op.has_value() || op->hasKernelForDispatchKey(c10::DispatchKey::CompositeImplicitAutograd)) continue;
    library.impl(c10::toString(name).c_str(), torch::CppFunction::makeFromBoxedFunction<&OnBothParts>());
  }
  return true;
}

absl::StatusOr<FlattenedTensor> Flatten(const at::Tensor& tensor) {
  const TwoTensorParts parts = PartsOf(tensor);
  return FlattenedTensor{.inner = {{"a", parts.a}, {"b", parts.b}}};
}

bool IsStrided(const at::Tensor& tensor) { return tensor.layout() == at::kStrided && !tensor.is_nested(); }

void CheckAlike(const at::Tensor& a, const at::Tensor& b) {
  TORCH_CHECK_VALUE(IsStrided(a) && IsStrided(b), "TwoTensor: expected two strided tensors, found one without strides");
  TORCH_CHECK_VALUE(a.device() == b.device() && a.layout() == b.layout() && a.requires_grad() == b.requires_grad() &&
                        a.scalar_type() == b.scalar_type(),
                    "TwoTensor: expected two tensors of the same device, layout, requires_grad and dtype");
  TORCH_CHECK_VALUE(a.sizes() == b.sizes() && a.strides() == b.strides() && a.storage_offset() == b.storage_offset(),
                    "TwoTensor: expected two tensors of the same size, stride and storage offset");
}

absl::StatusOr<at::Tensor> Unflatten(const FlattenedTensor& parts, c10::SymIntArrayRef, c10::SymIntArrayRef) {
  const at::Tensor& a = parts.inner[0].second;
  CheckAlike(a, parts.inner[1].second);
  return Wrap(EmptyStorageFor(a), a, parts.inner[1].second);
}

bool RegisterType() {
  return RegisterWrapperType<TwoTensorImpl>({.name = "TwoTensor", .flatten = Flatten, .unflatten = Unflatten}).ok();
}

}  // namespace

at::Tensor TwoTensor(const at::Tensor& a, const at::Tensor& b) {
  static const bool registered = RegisterOperators() && RegisterType();
  TORCH_CHECK(registered, "TwoTensor: expected an unregistered type name, found a type with this name");
  CheckAlike(a, b);
  at::Tensor tensor = Wrap(EmptyStorageFor(a), a, b);
  if (a.requires_grad()) tensor.set_requires_grad(true);
  return tensor;
}

bool IsTwoTensor(const at::Tensor& tensor) {
  return tensor.defined() && dynamic_cast<const TwoTensorImpl*>(tensor.unsafeGetTensorImpl()) != nullptr;
}

TwoTensorParts PartsOf(const at::Tensor& two_tensor) { return {ImplOf(two_tensor).a(), ImplOf(two_tensor).b()}; }

}  // namespace metaconv
