// FunctorchLevels: functorch levels that are left when the scope is.
//
// Entering and leaving do what torch._C._functorch's _…_increment_nesting and _…_decrement_nesting do.
//
// Example:
//   FunctorchLevels levels;
//   levels.PushVmap(/*batch_size=*/3, at::functorch::RandomnessType::Error);
//   const at::Tensor row = at::functorch::addBatchDim(x, /*dim=*/0, /*level=*/1);
//   levels.Pop();
//
// Thread safety: none; levels belong to the thread that entered them, and are left there.
// Lifetime: the destructor leaves the levels that are still open, innermost first.

#ifndef METACONV_TESTS_TESTING_FUNCTORCH_LEVELS_H_
#define METACONV_TESTS_TESTING_FUNCTORCH_LEVELS_H_

#include <cstdint>
#include <vector>

#include "ATen/functorch/DynamicLayer.h"
#include "ATen/functorch/Interpreter.h"

namespace metaconv {

class FunctorchLevels {
 public:
  FunctorchLevels() = default;
  FunctorchLevels(FunctorchLevels&& other) noexcept;
  FunctorchLevels& operator=(FunctorchLevels&& other) noexcept;
  ~FunctorchLevels();

  // These throw what LibTorch throws.
  void PushVmap(std::int64_t batch_size, at::functorch::RandomnessType randomness);
  void PushGrad();
  void PushJvp();
  void PushFunctionalize(bool reapply_views);

  // Leaves the innermost level. There must be one.
  void Pop();

  std::int64_t depth() const { return depth_; }

 private:
  void PopAll() noexcept;

  std::int64_t depth_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_FUNCTORCH_LEVELS_H_
