// FunctorchLevels: functorch levels that are exited at the end of the scope.
//
// Entering and exiting a level is implemented as in _…_increment_nesting and _…_decrement_nesting of
// torch._C._functorch.
//
// Example:
//   FunctorchLevels levels;
//   levels.PushVmap(/*batch_size=*/3, at::functorch::RandomnessType::Error);
//   const at::Tensor row = at::functorch::addBatchDim(x, /*dim=*/0, /*level=*/1);
//   levels.Pop();
//
// Thread safety: none. Levels are local to the thread that entered them, and must be exited on it.
// Lifetime: the destructor exits the open levels, innermost first.

#ifndef METACONV_TESTS_TESTING_FUNCTORCH_LEVELS_H_
#define METACONV_TESTS_TESTING_FUNCTORCH_LEVELS_H_

#include <cstdint>

// LibTorch's header takes several seconds to compile.
namespace at::functorch {
enum class RandomnessType;
}

namespace metaconv {

class FunctorchLevels {
 public:
  FunctorchLevels() = default;
  FunctorchLevels(FunctorchLevels&& other) noexcept;
  FunctorchLevels& operator=(FunctorchLevels&& other) noexcept;
  ~FunctorchLevels();

  // These functions throw the exceptions of LibTorch.
  void PushVmap(std::int64_t batch_size, at::functorch::RandomnessType randomness);
  void PushGrad();
  void PushJvp();
  void PushFunctionalize(bool reapply_views);

  // Exits the innermost level, which must exist.
  void Pop();

  std::int64_t depth() const { return depth_; }

 private:
  void PopAll() noexcept;

  std::int64_t depth_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_FUNCTORCH_LEVELS_H_
