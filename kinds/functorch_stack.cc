#include "kinds/functorch_stack.h"

#include <cstddef>
#include <utility>

#include "ATen/FuncTorchTLS.h"
#include "ATen/functorch/DynamicLayer.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace metaconv {
namespace {

using at::functorch::DynamicLayer;
using Layers = FunctorchStack::Layers;

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
