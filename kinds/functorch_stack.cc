#include "kinds/functorch_stack.h"

#include <cstddef>
#include <limits>
#include <utility>

#include "ATen/FuncTorchTLS.h"
#include "ATen/functorch/DynamicLayer.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "meta/torch_status.h"
#include "nlohmann/json.hpp"

namespace metaconv {
namespace {

using at::functorch::DynamicLayer;
using Json = nlohmann::json;
using Layers = FunctorchStack::Layers;

// Far more than programs nest.
constexpr std::size_t kMaxLayers = 1000;

// The layers are popped and pushed instead of assigned, because push and pop also set functorch's dispatch keys.
Layers PopAll() {
  if (FunctorchStack::IsEmpty()) return {};
  Layers layers = at::functorch::getDynamicLayerStack();
  for (std::size_t i = 0; i < layers.size(); ++i) at::functorch::popDynamicLayer();
  return layers;
}

void PushAll(Layers layers) {
  for (DynamicLayer& layer : layers) at::functorch::pushDynamicLayer(std::move(layer));
}

absl::Status Unexpected(std::size_t layer, const char* expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("functorch stack: layer ", layer, ": expected ", expected, ", found another value"));
}

// The member `name` of an object; null if there is none.
const Json& Member(const Json& json, const char* name) {
  static const Json& none = *new Json();
  if (!json.is_object()) return none;
  const auto found = json.find(name);
  return found == json.end() ? none : *found;
}

// Every member that LibTorch writes for an interpreter of this type, and no other value.
absl::StatusOr<DynamicLayer> ParseLayer(std::size_t index, const Json& json) {
  using at::functorch::RandomnessType;
  using at::functorch::TransformType;
  const auto level = static_cast<std::int64_t>(index) + 1;
  if (Member(json, "level") != level) return Unexpected(index, "its position as the level");
  if (!Member(json, "is_alive").is_boolean()) return Unexpected(index, "is_alive");
  const auto boolean = [](const Json& meta, const char* name) -> std::optional<bool> {
    const Json& member = Member(meta, name);
    return member.is_boolean() ? std::optional<bool>(member.get<bool>()) : std::nullopt;
  };
  const Json& type = Member(json, "type");
  const Json& meta = Member(json, "meta");
  std::optional<DynamicLayer> layer;
  if (type == static_cast<int>(TransformType::Vmap)) {
    const Json& size = Member(Member(meta, "Vmap"), "batchSize");
    const Json& randomness = Member(Member(meta, "Vmap"), "randomness");
    if (!size.is_number_unsigned() || size.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max() / 2 ||
        !randomness.is_number_unsigned() ||
        randomness.get<std::uint64_t>() >= static_cast<std::uint64_t>(RandomnessType::END)) {
      return Unexpected(index, "batch size and randomness of vmap");
    }
    layer.emplace(TransformType::Vmap, level, c10::SymInt(size.get<std::int64_t>()),
                  static_cast<RandomnessType>(randomness.get<int>()));
  } else if (type == static_cast<int>(TransformType::Grad) || type == static_cast<int>(TransformType::Jvp)) {
    const bool is_grad = type == static_cast<int>(TransformType::Grad);
    const Json& modes = Member(meta, is_grad ? "Grad" : "Jvp");
    const std::optional<bool> grad_mode = boolean(modes, is_grad ? "prevGradMode" : "prevFwdGradMode");
    const std::optional<bool> inference_mode = boolean(modes, "prevInferenceMode");
    if (!grad_mode.has_value() || !inference_mode.has_value()) return Unexpected(index, "the previous modes");
    layer.emplace(is_grad ? TransformType::Grad : TransformType::Jvp, level, std::nullopt, std::nullopt,
                  is_grad ? grad_mode : std::nullopt, is_grad ? std::nullopt : grad_mode, std::nullopt, inference_mode);
  } else if (type == static_cast<int>(TransformType::Functionalize)) {
    const std::optional<bool> add_back = boolean(Member(meta, "Functionalize"), "functionalizeAddBackViews");
    if (!add_back.has_value()) return Unexpected(index, "functionalizeAddBackViews");
    layer.emplace(TransformType::Functionalize, level, std::nullopt, std::nullopt, std::nullopt, std::nullopt,
                  add_back);
  } else {
    return Unexpected(index, "the type of a transform");
  }
  layer->interpreter().set_is_alive(Member(json, "is_alive").get<bool>());
  return *std::move(layer);
}

}  // namespace

FunctorchStack::FunctorchStack(Layers layers) : layers_(std::move(layers)) {}

FunctorchStack::~FunctorchStack() = default;

// Most threads have no functorch stack, and getDynamicLayerStack() would create one.
bool FunctorchStack::IsEmpty() {
  return at::functorch::functorchTLSAccessor() == nullptr || at::functorch::getDynamicLayerStack().empty();
}

std::shared_ptr<const FunctorchStack> FunctorchStack::Current() {
  return std::make_shared<const FunctorchStack>(IsEmpty() ? Layers() : at::functorch::getDynamicLayerStack());
}

const at::functorch::Interpreter* FunctorchStack::Find(std::int64_t level) const {
  for (const DynamicLayer& layer : layers_) {
    if (layer.layerId() == level) return &layer.interpreter();
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<const FunctorchStack>> FunctorchStack::Parse(std::string_view text) {
  const Json list = Json::parse(text, /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return absl::InvalidArgumentError("functorch stack: expected a JSON list, found another text");
  if (list.size() > kMaxLayers) {
    return absl::InvalidArgumentError(
        absl::StrCat("functorch stack: expected at most ", kMaxLayers, " layers, found ", list.size()));
  }
  Layers layers;
  for (const Json& json : list) {
    if (!Member(json, "savedLocalDispatchKeySet").is_null()) {
      return absl::UnimplementedError("functorch stack: expected layers that call no operator, found one that does");
    }
    absl::StatusOr<DynamicLayer> layer = CatchTorch("functorch stack", [&] { return ParseLayer(layers.size(), json); });
    if (!layer.ok()) return layer.status();
    layers.push_back(*std::move(layer));
  }
  auto stack = std::make_shared<const FunctorchStack>(std::move(layers));
  if (stack->Repr() != text) {
    return absl::InvalidArgumentError("functorch stack: expected the text of a stack, found one with other members");
  }
  return stack;
}

std::optional<EncodedValue> FunctorchStack::Encode() const {
  return EncodedValue{.type = std::string(kEncodedType), .bytes = Repr()};
}

std::string FunctorchStack::Repr() const {
  return absl::StrCat("[",
                      absl::StrJoin(layers_, ", ",
                                    [](std::string* out, const DynamicLayer& layer) {
                                      absl::StrAppend(out, layer.interpreter().serialize());
                                    }),
                      "]");
}

FunctorchScope::FunctorchScope() : outer_{PopAll()} {}

FunctorchScope::FunctorchScope(Layers layers) : outer_{PopAll()} { PushAll(std::move(layers)); }

FunctorchScope::Outer::~Outer() {
  PopAll();
  PushAll(std::move(layers));
}

}  // namespace metaconv
