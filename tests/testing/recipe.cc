#include "tests/testing/recipe.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "ATen/FuncTorchTLS.h"
#include "ATen/FunctionalTensorWrapper.h"
#include "ATen/core/Tensor.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/grad_mode.h"
#include "ATen/functorch/BatchedTensorImpl.h"
#include "ATen/functorch/TensorWrapper.h"
#include "ATen/native/Resize.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "c10/core/AutogradState.h"
#include "c10/core/InferenceMode.h"
#include "c10/util/Exception.h"
#include "kinds/find_operator.h"
#include "meta/torch_status.h"
#include "meta/with_context.h"
#include "tests/testing/recipe_values.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;

// Note [In-place operators under functionalize]
// Functionalization calls an in-place operator on meta tensors first, to check the shapes. LibTorch's meta kernels also
// raise if elements share memory or if the result's dtype cannot be cast; those of Python (torch._refs) do not. Without
// this call, a step that succeeds in Python succeeds here. LibTorch reads the variable once, at the first such
// operator, so it is set before main().
[[maybe_unused]] const bool kWithoutMetaReference =
    setenv("TORCH_DISABLE_FUNCTIONALIZATION_META_REFERENCE", "1", /*overwrite=*/1) == 0;

constexpr char kFailedStepUrl[] = "metaconv/failed_recipe_step";

// --- Fields of a step ------------------------------------------------------------------------------------------------

const Json& Field(const Json& step, const char* key, bool (*is_right)(const Json&), const char* expected) {
  static const Json missing = nullptr;
  const Json& value = step.contains(key) ? step[key] : missing;
  TORCH_CHECK_VALUE(is_right(value), "expected \"", key, "\" to be ", expected, ", found ",
                    step.contains(key) ? value.dump() : "nothing");
  return value;
}

bool IsText(const Json& value) { return value.is_string(); }
bool IsInteger(const Json& value) { return value.is_number_integer(); }
bool IsBoolean(const Json& value) { return value.is_boolean(); }
bool IsObject(const Json& value) { return value.is_object(); }
bool IsIntegers(const Json& value) { return value.is_array() && std::all_of(value.begin(), value.end(), IsInteger); }
bool IsTexts(const Json& value) { return value.is_array() && std::all_of(value.begin(), value.end(), IsText); }

std::string Text(const Json& step, const char* key) { return Field(step, key, IsText, "a string"); }
std::int64_t Integer(const Json& step, const char* key) { return Field(step, key, IsInteger, "an integer"); }
std::vector<std::int64_t> Integers(const Json& step, const char* key) {
  return Field(step, key, IsIntegers, "an array of integers");
}
bool Boolean(const Json& step, const char* key) { return Field(step, key, IsBoolean, "a boolean"); }
bool Boolean(const Json& step, const char* key, bool otherwise) {
  return step.contains(key) ? Boolean(step, key) : otherwise;
}

// --- Steps -----------------------------------------------------------------------------------------------------------

// While such an object exists, autograd records how views are made.
class ViewReplayScope {
 public:
  ViewReplayScope() : outer_(c10::AutogradState::get_tls_state().get_view_replay_enabled()) {
    c10::AutogradState::get_tls_state().set_view_replay_enabled(true);
  }
  ~ViewReplayScope() { c10::AutogradState::get_tls_state().set_view_replay_enabled(outer_); }
  ViewReplayScope(const ViewReplayScope&) = delete;
  ViewReplayScope& operator=(const ViewReplayScope&) = delete;

 private:
  const bool outer_;
};

class Interpreter {
 public:
  absl::Status Step(const Json& step);

  // The result so far. It owns the names of the interpreter.
  RecipeResult Finish(const Json& sources) &&;

 private:
  using Action = void (Interpreter::*)(const Json& step);
  struct StepKind {
    Action action;
    std::set<std::string_view> fields;
  };
  static const std::map<std::string_view, StepKind>& StepKinds();
  static std::pair<std::string, const StepKind*> KindOf(const Json& step);

  // The tensor of a name. Names of the same tensor share its facts.
  struct Variable {
    at::Tensor tensor;
    std::shared_ptr<TensorFacts> facts;
  };

  const Variable& Find(const std::string& name) const {
    const auto found = variables_.find(name);
    TORCH_CHECK_VALUE(found != variables_.end(), "expected the name of a tensor, found \"", name, "\"");
    return found->second;
  }
  const Variable& VariableOf(const Json& step, const char* key) const { return Find(Text(step, key)); }
  const at::Tensor& TensorOf(const Json& step, const char* key) const { return VariableOf(step, key).tensor; }

  void Bind(const std::string& name, const at::Tensor& tensor);
  TensorFacts& BindOut(const Json& step, const at::Tensor& tensor);
  void BindResults(const Json& out, const torch::jit::Stack& results);

  void Operator(const Json& step);
  void RequiresGrad(const Json& step);
  void Grad(const Json& step);
  void Parameter(const Json& step);
  void Buffer(const Json& step);
  void SetData(const Json& step);
  void Data(const Json& step);
  void ResizeStorage(const Json& step);
  void SetStorage(const Json& step);
  void Push(const Json& step);
  void Pop(const Json& step);
  void AddBatchDim(const Json& step);
  void WrapForGrad(const Json& step);
  void WrapFunctional(const Json& step);
  void ToFunctional(const Json& step);
  void MakeTwoTensor(const Json& step);
  void Forget(const Json& step);
  void MarkDynamic(const Json& step);
  void HintOverride(const Json& step);

  std::map<std::string, Variable> variables_;
  std::vector<KnownTensor> known_;
  FunctorchLevels levels_;
};

const std::map<std::string_view, Interpreter::StepKind>& Interpreter::StepKinds() {
  static const auto& kinds = *new std::map<std::string_view, StepKind>{
      {"op", {&Interpreter::Operator, {"args", "kwargs", "out"}}},
      {"requires_grad", {&Interpreter::RequiresGrad, {"value"}}},
      {"grad", {&Interpreter::Grad, {"value"}}},
      {"parameter", {&Interpreter::Parameter, {"out", "requires_grad"}}},
      {"buffer", {&Interpreter::Buffer, {"out", "persistent"}}},
      {"set_data", {&Interpreter::SetData, {"value"}}},
      {"data", {&Interpreter::Data, {"out"}}},
      {"resize_storage", {&Interpreter::ResizeStorage, {"bytes"}}},
      {"set_storage", {&Interpreter::SetStorage, {"storage_of", "size", "stride", "offset"}}},
      {"push", {&Interpreter::Push, {"batch_size", "randomness", "reapply_views"}}},
      {"pop", {&Interpreter::Pop, {}}},
      {"add_batch_dim", {&Interpreter::AddBatchDim, {"dim", "level", "out"}}},
      {"wrap_for_grad", {&Interpreter::WrapForGrad, {"level", "out"}}},
      {"wrap_functional", {&Interpreter::WrapFunctional, {"level", "out"}}},
      {"to_functional", {&Interpreter::ToFunctional, {"out"}}},
      {"two_tensor", {&Interpreter::MakeTwoTensor, {"out"}}},
      {"forget", {&Interpreter::Forget, {}}},
      {"mark_dynamic", {&Interpreter::MarkDynamic, {"indices"}}},
      {"hint_override", {&Interpreter::HintOverride, {"hints"}}},
  };
  return kinds;
}

// The kind of a step, such that all other keys are fields of that kind. "requires_grad" is both a kind and a field of
// "parameter".
std::pair<std::string, const Interpreter::StepKind*> Interpreter::KindOf(const Json& step) {
  TORCH_CHECK_VALUE(step.is_object(), "expected an object, found ", step.dump());
  const auto explains_all = [&](std::string_view name, const StepKind& kind) {
    for (const auto& [key, value] : step.items()) {
      if (key != name && key != "grad_mode" && key != "inference_mode" && !kind.fields.contains(key)) return false;
    }
    return true;
  };
  for (const auto& [name, kind] : StepKinds()) {
    if (step.contains(name) && explains_all(name, kind)) return {std::string(name), &kind};
  }
  std::string names;
  for (const auto& kind : StepKinds()) absl::StrAppend(&names, names.empty() ? "" : ", ", std::string(kind.first));
  TORCH_CHECK_VALUE(false, "expected one of ", names, " and its fields, found ", step.dump());
}

absl::Status Interpreter::Step(const Json& step) {
  const StepKind* kind = nullptr;
  std::string name = "step";
  const absl::Status known = CatchTorch(name, [&] { std::tie(name, kind) = KindOf(step); });
  if (!known.ok()) return known;
  if (step[name].is_string()) absl::StrAppend(&name, " ", step[name].get_ref<const std::string&>());
  return CatchTorch(name, [&] {
    std::optional<at::AutoGradMode> grad_mode;
    if (step.contains("grad_mode")) grad_mode.emplace(Boolean(step, "grad_mode"));
    // Last, because it also sets the grad mode.
    std::optional<c10::InferenceMode> inference_mode;
    if (step.contains("inference_mode")) inference_mode.emplace(Boolean(step, "inference_mode"));
    (this->*kind->action)(step);
  });
}

RecipeResult Interpreter::Finish(const Json& sources) && {
  RecipeResult result;
  for (const Json& name : sources) {
    const Variable& variable = Find(name);
    result.sources.push_back({name, variable.tensor, *variable.facts});
  }
  result.known = std::move(known_);
  result.levels = std::move(levels_);
  return result;
}

void Interpreter::Bind(const std::string& name, const at::Tensor& tensor) {
  TORCH_CHECK_VALUE(tensor.defined(), "\"", name, "\" would be an undefined tensor");
  std::shared_ptr<TensorFacts> facts;
  for (const auto& [other, variable] : variables_) {
    if (variable.tensor.is_same(tensor)) facts = variable.facts;
  }
  if (facts == nullptr) {
    facts = std::make_shared<TensorFacts>();
    known_.push_back({c10::weak_intrusive_ptr<c10::TensorImpl>(tensor.getIntrusivePtr()), facts});
  }
  variables_.insert_or_assign(name, Variable{tensor, std::move(facts)});
}

TensorFacts& Interpreter::BindOut(const Json& step, const at::Tensor& tensor) {
  const std::string out = Text(step, "out");
  Bind(out, tensor);
  return *Find(out).facts;
}

void Interpreter::BindResults(const Json& out, const torch::jit::Stack& results) {
  if (out.is_null()) return;
  if (out.is_string()) {
    TORCH_CHECK_VALUE(results.size() == 1 && results[0].isTensor(), "expected \"out\" to be a list, found ",
                      out.dump());
    Bind(out, results[0].toTensor());
    return;
  }
  TORCH_CHECK_VALUE(out.is_array(), "expected \"out\" to be a name or a list of names, found ", out.dump());
  std::vector<c10::IValue> tensors(results.begin(), results.end());
  if (results.size() == 1 && results[0].isTensorList()) {
    const std::vector<at::Tensor> list = results[0].toTensorVector();
    tensors.assign(list.begin(), list.end());
  }
  TORCH_CHECK_VALUE(results.size() != 1 || !results[0].isTensor(), "expected \"out\" to be one name, found ",
                    out.dump());
  TORCH_CHECK_VALUE(tensors.size() == out.size(), "expected ", tensors.size(), " names in \"out\", found ", out.dump());
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i].is_null()) continue;
    TORCH_CHECK_VALUE(out[i].is_string() && tensors[i].isTensor(), "expected a name for a tensor, found ",
                      out[i].dump(), " for ", tensors[i].tagKind());
    Bind(out[i], tensors[i].toTensor());
  }
}

void Interpreter::Operator(const Json& step) {
  const std::string name = Text(step, "op");
  const std::optional<c10::OperatorHandle> op = FindOperator(name);
  TORCH_CHECK_VALUE(op.has_value(), "expected the name of an operator, found \"", name, "\"");
  const Json none = nullptr;
  const auto find = [this](const std::string& tensor) { return Find(tensor).tensor; };
  torch::jit::Stack stack = RecipeArguments(op->schema(), step.contains("args") ? step["args"] : none,
                                            step.contains("kwargs") ? step["kwargs"] : none, find);
  {
    // Autograd records how views of Python subclasses are made. For C++ types, this must be enabled.
    std::optional<ViewReplayScope> view_replay;
    const auto is_two_tensor = [](const c10::IValue& value) {
      return value.isTensor() && IsTwoTensor(value.toTensor());
    };
    if (std::any_of(stack.begin(), stack.end(), is_two_tensor)) view_replay.emplace();
    op->callBoxed(stack);
  }
  if (step.contains("out")) BindResults(step["out"], stack);
}

void Interpreter::RequiresGrad(const Json& step) {
  TensorOf(step, "requires_grad").requires_grad_(Boolean(step, "value"));
}

// The checks of Python's `grad` setter.
void CheckGrad(const at::Tensor& tensor, const at::Tensor& grad) {
  TORCH_CHECK_VALUE(!tensor.is_same(grad), "a tensor cannot be its own gradient");
  TORCH_CHECK_VALUE(tensor.dtype() == grad.dtype(), "the gradient has dtype ", grad.dtype(), ", the tensor ",
                    tensor.dtype());
  TORCH_CHECK_VALUE(tensor.device() == grad.device(), "the gradient is on ", grad.device(), ", the tensor on ",
                    tensor.device());
  TORCH_CHECK_VALUE(grad.layout() == at::kSparse || grad.options().type_equal(tensor.options()),
                    "the gradient is of another type than the tensor");
  TORCH_CHECK_VALUE(tensor.sym_sizes().equals(grad.sym_sizes()), "the gradient has size ", grad.sym_sizes(),
                    ", the tensor ", tensor.sym_sizes());
}

void Interpreter::Grad(const Json& step) {
  const at::Tensor& tensor = TensorOf(step, "grad");
  at::Tensor grad;
  if (!step.contains("value") || !step["value"].is_null()) {
    grad = TensorOf(step, "value");
    CheckGrad(tensor, grad);
  }
  tensor.mutable_grad() = grad;
}

void Interpreter::Parameter(const Json& step) {
  const bool requires_grad = Boolean(step, "requires_grad", true);
  const at::Tensor parameter = TensorOf(step, "parameter").detach();
  // Detached tensors do not allow metadata changes, parameters do.
  parameter.unsafeGetTensorImpl()->set_allow_tensor_metadata_change(true);
  parameter.set_requires_grad(requires_grad);
  BindOut(step, parameter).is_parameter = true;
}

void Interpreter::Buffer(const Json& step) {
  const bool persistent = Boolean(step, "persistent", true);
  const at::Tensor& data = TensorOf(step, "buffer");
  const at::Tensor buffer = data.detach();
  // Python's requires_grad_ first checks whether functorch allows it.
  if (const auto& tls = at::functorch::functorchTLSAccessor()) tls->checkSupportsInplaceRequiresGrad();
  buffer.requires_grad_(data.requires_grad());
  TensorFacts& facts = BindOut(step, buffer);
  facts.is_buffer = true;
  facts.persistent = persistent;
}

void Interpreter::SetData(const Json& step) { TensorOf(step, "set_data").set_data(TensorOf(step, "value")); }
void Interpreter::Data(const Json& step) { BindOut(step, TensorOf(step, "data").variable_data()); }

void Interpreter::ResizeStorage(const Json& step) {
  at::native::resize_bytes_nocuda(TensorOf(step, "resize_storage").storage(), Integer(step, "bytes"));
}

void Interpreter::SetStorage(const Json& step) {
  const at::NoGradGuard no_grad;
  const at::Tensor& tensor = TensorOf(step, "set_storage");
  tensor.set_(TensorOf(step, "storage_of").storage(), step.contains("offset") ? Integer(step, "offset") : 0,
              Integers(step, "size"), Integers(step, "stride"));
}

at::functorch::RandomnessType Randomness(const std::string& name) {
  if (name == "error") return at::functorch::RandomnessType::Error;
  if (name == "same") return at::functorch::RandomnessType::Same;
  TORCH_CHECK_VALUE(name == "different", "expected \"error\", \"same\" or \"different\", found \"", name, "\"");
  return at::functorch::RandomnessType::Different;
}

void Interpreter::Push(const Json& step) {
  using Enter = void (*)(FunctorchLevels&, const Json&);
  static const auto& transforms = *new std::map<std::string_view, Enter>{
      {"vmap",
       [](FunctorchLevels& levels, const Json& s) {
         levels.PushVmap(Integer(s, "batch_size"),
                         Randomness(s.contains("randomness") ? Text(s, "randomness") : "error"));
       }},
      {"grad", [](FunctorchLevels& levels, const Json&) { levels.PushGrad(); }},
      {"jvp", [](FunctorchLevels& levels, const Json&) { levels.PushJvp(); }},
      {"functionalize",
       [](FunctorchLevels& levels, const Json& s) { levels.PushFunctionalize(Boolean(s, "reapply_views", true)); }},
  };
  const std::string name = Text(step, "push");
  const auto transform = transforms.find(name);
  TORCH_CHECK_VALUE(transform != transforms.end(), "expected vmap, grad, jvp or functionalize, found \"", name, "\"");
  transform->second(levels_, step);
}

void Interpreter::Pop(const Json&) {
  TORCH_CHECK_VALUE(levels_.depth() > 0, "expected an open functorch level, found none");
  levels_.Pop();
}

void Interpreter::AddBatchDim(const Json& step) {
  BindOut(step,
          at::functorch::addBatchDim(TensorOf(step, "add_batch_dim"), Integer(step, "dim"), Integer(step, "level")));
}

void Interpreter::WrapForGrad(const Json& step) {
  BindOut(step, at::functorch::makeTensorWrapper(TensorOf(step, "wrap_for_grad"), Integer(step, "level")));
}

void Interpreter::WrapFunctional(const Json& step) {
  const at::Tensor wrapped = at::functionalization::impl::to_functional_tensor(TensorOf(step, "wrap_functional"));
  at::functionalization::impl::unsafeGetFunctionalWrapper(wrapped)->set_level(Integer(step, "level"));
  BindOut(step, wrapped);
}

void Interpreter::ToFunctional(const Json& step) {
  BindOut(step, at::functionalization::impl::to_functional_tensor(TensorOf(step, "to_functional")));
}

void Interpreter::MakeTwoTensor(const Json& step) {
  const Json names = Field(step, "two_tensor", IsTexts, "an array of names");
  TORCH_CHECK_VALUE(names.size() == 2, "expected the names of two tensors, found ", names.dump());
  BindOut(step, TwoTensor(Find(names[0]).tensor, Find(names[1]).tensor));
}

void Interpreter::Forget(const Json& step) {
  for (const std::string name : Field(step, "forget", IsTexts, "an array of names")) {
    Find(name);
    variables_.erase(name);
  }
}

void Interpreter::MarkDynamic(const Json& step) {
  VariableOf(step, "mark_dynamic").facts->dynamic_indices = Integers(step, "indices");
}

void Interpreter::HintOverride(const Json& step) {
  std::map<std::int64_t, std::int64_t> hints;
  for (const auto& [key, hint] : Field(step, "hints", IsObject, "an object").items()) {
    std::int64_t dim = 0;
    TORCH_CHECK_VALUE(absl::SimpleAtoi(key, &dim) && hint.is_number_integer(),
                      "expected hints to map dims to integers, found ", step["hints"].dump());
    hints.emplace(dim, hint);
  }
  VariableOf(step, "hint_override").facts->hint_overrides = std::move(hints);
}

// --- Recipes ---------------------------------------------------------------------------------------------------------

absl::Status StepError(std::size_t index, const absl::Status& status) {
  absl::Status error = WithContext(absl::StrCat("steps[", index, "]"), status, " ");
  error.SetPayload(kFailedStepUrl, absl::Cord(absl::StrCat(index)));
  return error;
}

absl::Status CheckRecipe(const Json& recipe) {
  return CatchTorch("recipe", [&] {
    TORCH_CHECK_VALUE(recipe.is_object(), "expected an object, found ", recipe.dump());
    Text(recipe, "name");
    Field(
        recipe, "steps", [](const Json& value) { return value.is_array(); }, "an array of steps");
    Field(recipe, "sources", IsTexts, "an array of names");
  });
}

}  // namespace

absl::StatusOr<RecipeResult> RunRecipe(const Json& recipe) {
  if (absl::Status status = CheckRecipe(recipe); !status.ok()) return status;
  Interpreter interpreter;
  const Json& steps = recipe["steps"];
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (absl::Status status = interpreter.Step(steps[i]); !status.ok()) return StepError(i, status);
  }
  return CatchTorch("sources", [&] { return std::move(interpreter).Finish(recipe["sources"]); });
}

std::optional<std::size_t> FailedStep(const absl::Status& status) {
  const auto payload = status.GetPayload(kFailedStepUrl);
  std::size_t index = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &index)) return std::nullopt;
  return index;
}

}  // namespace metaconv
