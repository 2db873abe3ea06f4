// Runs the steps of a recipe, for tests of the recipe runner.

#ifndef METACONV_TESTS_TESTING_RECIPE_STEPS_H_
#define METACONV_TESTS_TESTING_RECIPE_STEPS_H_

#include <string>
#include <string_view>
#include <utility>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/testing/recipe.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {

inline absl::StatusOr<RecipeResult> RunSteps(std::string_view steps, std::string_view sources = "[]") {
  return RunRecipe({{"name", "test"},
                    {"steps", nlohmann::ordered_json::parse(steps)},
                    {"sources", nlohmann::ordered_json::parse(sources)}});
}

// Steps that follow a step that creates x, ones of size 12.
inline absl::StatusOr<RecipeResult> RunOn12Ones(std::string_view steps, std::string_view sources = "[]") {
  constexpr std::string_view kOnes = R"({"op": "aten::ones", "args": [[12]], "out": "x"})";
  std::string all = "[" + std::string(kOnes);
  if (!steps.empty()) all += ", " + std::string(steps);
  return RunSteps(all + "]", sources);
}

// The tensors with the names "v" and "x" after the steps.
struct Made {
  RecipeResult result;
  at::Tensor v;
  at::Tensor x;
};

inline Made Make(std::string_view steps) {
  absl::StatusOr<RecipeResult> result = RunOn12Ones(steps, R"(["v", "x"])");
  EXPECT_THAT(result, IsOk());
  if (!result.ok()) return {};
  const at::Tensor v = result->sources[0].tensor;
  const at::Tensor x = result->sources[1].tensor;
  return {*std::move(result), v, x};
}

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_RECIPE_STEPS_H_
