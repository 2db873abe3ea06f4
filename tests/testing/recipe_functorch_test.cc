#include <cstddef>
#include <vector>

#include "ATen/FunctionalTensorWrapper.h"
#include "ATen/core/Tensor.h"
#include "ATen/functorch/BatchedTensorImpl.h"
#include "ATen/functorch/DynamicLayer.h"
#include "ATen/functorch/TensorWrapper.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/functorch_levels.h"
#include "tests/testing/literal_tensor.h"
#include "tests/testing/recipe.h"
#include "tests/testing/recipe_steps.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::size_t OpenLevels() { return at::functorch::getDynamicLayerStack().size(); }

TEST(RecipeFunctorchTest, LevelsStayOpenAsLongAsTheResult) {
  {
    const Made made = Make(R"({"push": "vmap", "batch_size": 12, "randomness": "error"},
                              {"add_batch_dim": "x", "dim": 0, "level": 1, "out": "v"})");
    EXPECT_EQ(OpenLevels(), 1u);
    const auto* batched = at::functorch::maybeGetBatchedImpl(made.v);
    ASSERT_NE(batched, nullptr);
    EXPECT_EQ(batched->level(), 1);
    EXPECT_TRUE(batched->value().is_same(made.x));
  }
  EXPECT_EQ(OpenLevels(), 0u);
}

TEST(RecipeFunctorchTest, EveryKindOfLevel) {
  const absl::StatusOr<RecipeResult> result =
      RunOn12Ones(R"({"push": "vmap", "batch_size": 2, "randomness": "same"}, {"push": "grad"}, {"push": "jvp"},
                     {"push": "functionalize", "reapply_views": true})");
  ASSERT_THAT(result, IsOk());
  // Compared as numbers, because LibTorch does not export the operator that prints them.
  std::vector<int> kinds;
  for (const auto& layer : at::functorch::getDynamicLayerStack()) kinds.push_back(static_cast<int>(layer.key()));
  using at::functorch::TransformType;
  EXPECT_THAT(kinds, ElementsAre(static_cast<int>(TransformType::Vmap), static_cast<int>(TransformType::Grad),
                                 static_cast<int>(TransformType::Jvp), static_cast<int>(TransformType::Functionalize)));
}

TEST(RecipeFunctorchTest, WrappersOutliveTheirLevel) {
  const Made made = Make(R"({"push": "grad"}, {"wrap_for_grad": "x", "level": 1, "out": "v"}, {"pop": true})");
  EXPECT_EQ(OpenLevels(), 0u);
  const auto* wrapper = at::functorch::maybeGetTensorWrapper(made.v);
  ASSERT_NE(wrapper, nullptr);
  EXPECT_FALSE(wrapper->is_alive());
}

TEST(RecipeFunctorchTest, LevelsAreExitedWhenAStepFails) {
  EXPECT_THAT(RunOn12Ones(R"({"push": "grad"}, {"push": "jvp"}, {"op": "aten::no_such"})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("aten::no_such")));
  EXPECT_EQ(OpenLevels(), 0u);
}

TEST(RecipeFunctorchTest, LiteralsAreNotWrappedWithinLevels) {
  FunctorchLevels levels;
  levels.PushGrad();
  const at::Tensor literal = LiteralTensor({1, 2}, at::kFloat);
  EXPECT_EQ(at::functorch::maybeGetTensorWrapper(literal), nullptr);
  EXPECT_FALSE(literal.is_view());
  EXPECT_EQ(OpenLevels(), 1u);
}

TEST(RecipeFunctorchTest, FunctionalTensors) {
  const Made plain = Make(R"({"to_functional": "x", "out": "v"})");
  ASSERT_TRUE(at::functionalization::impl::isFunctionalTensor(plain.v));
  EXPECT_EQ(at::functionalization::impl::unsafeGetFunctionalWrapper(plain.v)->level(), -1);
  const Made in_functorch = Make(R"({"push": "functionalize"}, {"wrap_functional": "x", "level": 1, "out": "v"})");
  ASSERT_TRUE(at::functionalization::impl::isFunctionalTensor(in_functorch.v));
  EXPECT_EQ(at::functionalization::impl::unsafeGetFunctionalWrapper(in_functorch.v)->level(), 1);
}

}  // namespace
}  // namespace metaconv
