// FunctorchStack: a copy of functorch's interpreter stack in a record, and a scope that restores it.
//
// The level of a functorch wrapper is valid only together with the interpreters that were active when it was made: vmap
// with its batch size, grad with the grad mode outside of it, and so on.
//
// Example:
//   desc.edit_functorch().functorch_stack = FunctorchStack::Current();
//   {
//     const FunctorchScope restored(stack.layers());   // Sets the stack that the record has.
//     …
//   }                                                  // Restores the previous stack.
//   const FunctorchScope cleared;                      // Clears the stack until the end of the scope.
//
// Thread safety: FunctorchStack is immutable. A FunctorchScope belongs to the thread that made it.
// Lifetime: a FunctorchStack shares the life handles of its interpreters: a wrapper that was built with it becomes a
// dead wrapper when the source's transform ends. Scopes can be nested.
// Source: `functorch_stack`, `temporarily_clear_interpreter_stack`, `temporarily_restore_interpreter_stack` of
// torch/_subclasses/meta_utils.py and torch/_functorch/pyfunctorch.py.

#ifndef METACONV_KINDS_FUNCTORCH_STACK_H_
#define METACONV_KINDS_FUNCTORCH_STACK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "meta/encoded_value.h"
#include "meta/opaque_value.h"

// Not included, because compiling ATen/functorch/DynamicLayer.h takes more than a second: it includes the dispatcher and
// nlohmann/json.hpp. Code that copies, makes or reads layers includes it.
namespace at::functorch {
struct DynamicLayer;
struct Interpreter;
}  // namespace at::functorch

namespace metaconv {

class FunctorchStack final : public OpaqueValue {
 public:
  using Layers = std::vector<at::functorch::DynamicLayer>;

  explicit FunctorchStack(Layers layers);
  ~FunctorchStack() override;

  // The stack whose Repr() is `text`. Its interpreters belong to no transform of this process.
  // Errors: kInvalidArgument for any other text; kUnimplemented for a stack that was recorded while an interpreter was
  // calling an operator.
  static absl::StatusOr<std::shared_ptr<const FunctorchStack>> Parse(std::string_view text);

  // The stack of the calling thread, and whether it is empty.
  static std::shared_ptr<const FunctorchStack> Current();
  static bool IsEmpty();

  const Layers& layers() const { return layers_; }

  // The interpreter of `level`, null if the stack has none.
  const at::functorch::Interpreter* Find(std::int64_t level) const;

  // A JSON array of the interpreters, each as LibTorch serializes it, outermost first.
  std::string Repr() const override;
  std::optional<EncodedValue> Encode() const override;

  // The type of the encoded form, whose bytes are the text.
  static constexpr std::string_view kEncodedType = "functorch stack";

 private:
  const Layers layers_;
};

class FunctorchScope {
 public:
  // Clears the stack of the calling thread until the scope ends.
  FunctorchScope();

  // Makes `layers` the stack of the calling thread until the scope ends.
  explicit FunctorchScope(FunctorchStack::Layers layers);

  FunctorchScope(const FunctorchScope&) = delete;
  FunctorchScope& operator=(const FunctorchScope&) = delete;

 private:
  // Restores the previous stack in its destructor, which also runs if the constructor throws: pushing a layer may
  // throw.
  struct Outer {
    ~Outer();
    FunctorchStack::Layers layers;
  };
  Outer outer_;
};

}  // namespace metaconv

#endif  // METACONV_KINDS_FUNCTORCH_STACK_H_
