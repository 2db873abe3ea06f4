// FunctorchStack: functorch's interpreters as a record carries them, and putting them back.
//
// A functorch wrapper's level means something only together with the interpreters that were at work when it was made:
// vmap with a batch size, grad with the grad mode below it, and so on.
//
// Example:
//   desc.functorch_stack = FunctorchStack::Current();
//   {
//     const FunctorchScope restored(stack.layers());   // As it was when the tensor was described,
//     …
//   }                                                  // and as it is again.
//   const FunctorchScope cleared({});
//
// Thread safety: FunctorchStack is immutable. A FunctorchScope belongs to the thread that made it.
// Lifetime: a FunctorchStack shares the life handles of its interpreters: a wrapper that was made of it dies, in
// functorch's sense, when the source's transform ends. Scopes nest.
// Source: `functorch_stack`, `temporarily_clear_interpreter_stack`, `temporarily_restore_interpreter_stack` of
// torch/_subclasses/meta_utils.py and torch/_functorch/pyfunctorch.py.

#ifndef METACONV_KINDS_FUNCTORCH_STACK_H_
#define METACONV_KINDS_FUNCTORCH_STACK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ATen/functorch/DynamicLayer.h"
#include "meta/opaque_value.h"

namespace metaconv {

class FunctorchStack final : public OpaqueValue {
 public:
  using Layers = std::vector<at::functorch::DynamicLayer>;

  explicit FunctorchStack(Layers layers) : layers_(std::move(layers)) {}

  // That of this thread.
  static std::shared_ptr<const FunctorchStack> Current();
  static bool IsEmpty();

  const Layers& layers() const { return layers_; }

  // The interpreter of `level`, null if there is none.
  const at::functorch::Interpreter* Find(std::int64_t level) const;

  // A JSON array with LibTorch's own text for each interpreter, outermost first.
  std::string Repr() const override;

 private:
  const Layers layers_;
};

class FunctorchScope {
 public:
  // Makes `layers` the stack of this thread.
  explicit FunctorchScope(FunctorchStack::Layers layers);

  FunctorchScope(const FunctorchScope&) = delete;
  FunctorchScope& operator=(const FunctorchScope&) = delete;

 private:
  // Puts back what was there, also where the constructor throws: LibTorch may not take the layers for a stack.
  struct Outer {
    ~Outer();
    FunctorchStack::Layers layers;
  };
  Outer outer_;
};

}  // namespace metaconv

#endif  // METACONV_KINDS_FUNCTORCH_STACK_H_
