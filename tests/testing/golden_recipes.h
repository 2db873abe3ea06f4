// ForEachRecipe: builds all fixed recipes of tests/reference/recipe_cases.py, one after the other.
//
// Example:
//   TEST(MyTest, HoldsForEveryKind) {
//     ForEachRecipe([](const nlohmann::ordered_json& recipe, RecipeResult& built) { EXPECT_… });
//   }
//
// The test needs //tests/reference:golden/recipes.json as data.
//
// Thread safety: for one thread at a time.
// Lifetime: the tensors of a recipe live during its callback.

#ifndef METACONV_TESTS_TESTING_GOLDEN_RECIPES_H_
#define METACONV_TESTS_TESTING_GOLDEN_RECIPES_H_

#include "absl/functional/function_ref.h"
#include "nlohmann/json.hpp"
#include "tests/testing/recipe.h"

namespace metaconv {

// Fails the calling test if a recipe cannot be built.
void ForEachRecipe(absl::FunctionRef<void(const nlohmann::ordered_json& recipe, RecipeResult& built)> test);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_GOLDEN_RECIPES_H_
