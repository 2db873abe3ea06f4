#include "tests/testing/functorch_levels.h"

#include <optional>
#include <utility>
#include <variant>

#include "ATen/core/grad_mode.h"
#include "ATen/functorch/DynamicLayer.h"
#include "ATen/functorch/Interpreter.h"
#include "c10/core/AutogradState.h"
#include "c10/core/InferenceMode.h"
#include "c10/util/Exception.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

using at::functorch::DynamicLayer;
using at::functorch::initAndPushDynamicLayer;
using at::functorch::TransformType;

void SetInferenceMode(bool enabled) {
  c10::AutogradState state = c10::AutogradState::get_tls_state();
  state.set_inference_mode(enabled);
  c10::AutogradState::set_tls_state(state);
}

// Tensors created in a differentiating level take part in autograd, even in inference mode.
bool LeaveInferenceMode() {
  const bool was_on = c10::InferenceMode::is_enabled();
  if (was_on) SetInferenceMode(false);
  return was_on;
}

bool LeftInferenceMode(const DynamicLayer& layer) {
  const at::functorch::InterpreterMeta& meta = layer.interpreter().meta();
  if (const auto* grad = std::get_if<at::functorch::GradInterpreterMeta>(&meta)) return grad->prevInferenceMode_;
  if (const auto* jvp = std::get_if<at::functorch::JvpInterpreterMeta>(&meta)) return jvp->prevInferenceMode_;
  return false;
}

}  // namespace

FunctorchLevels::FunctorchLevels(FunctorchLevels&& other) noexcept : depth_(std::exchange(other.depth_, 0)) {}

FunctorchLevels& FunctorchLevels::operator=(FunctorchLevels&& other) noexcept {
  if (this != &other) {
    PopAll();
    depth_ = std::exchange(other.depth_, 0);
  }
  return *this;
}

FunctorchLevels::~FunctorchLevels() { PopAll(); }

void FunctorchLevels::PushVmap(std::int64_t batch_size, at::functorch::RandomnessType randomness) {
  initAndPushDynamicLayer(TransformType::Vmap, c10::SymInt(batch_size), randomness);
  ++depth_;
}

void FunctorchLevels::PushGrad() {
  const bool grad_mode = c10::GradMode::is_enabled();
  const bool inference_mode = LeaveInferenceMode();
  initAndPushDynamicLayer(TransformType::Grad, std::nullopt, std::nullopt, grad_mode, std::nullopt, std::nullopt,
                          inference_mode);
  ++depth_;
}

void FunctorchLevels::PushJvp() {
  const bool forward_grad_mode = c10::AutogradState::get_tls_state().get_fw_grad_mode();
  const bool inference_mode = LeaveInferenceMode();
  initAndPushDynamicLayer(TransformType::Jvp, std::nullopt, std::nullopt, std::nullopt, forward_grad_mode, std::nullopt,
                          inference_mode);
  ++depth_;
}

void FunctorchLevels::PushFunctionalize(bool reapply_views) {
  initAndPushDynamicLayer(TransformType::Functionalize, std::nullopt, std::nullopt, std::nullopt, std::nullopt,
                          reapply_views);
  ++depth_;
}

void FunctorchLevels::Pop() {
  TORCH_CHECK(depth_ > 0, "no functorch level is open");
  const DynamicLayer layer = at::functorch::popDynamicLayerAndDeleteMetadata();
  --depth_;
  if (LeftInferenceMode(layer)) SetInferenceMode(true);
}

void FunctorchLevels::PopAll() noexcept {
  while (depth_ > 0) {
    // A destructor cannot report an error. RecipeAnswer() checks for levels that were left open.
    if (!CatchTorch("leaving a functorch level", [&] { Pop(); }).ok()) depth_ = 0;
  }
}

}  // namespace metaconv
