// ForEachRecipe: all fixed recipes of the judge, built one after the other; see tests/reference/recipe_cases.py.
//
// Example:
//   TEST(MyTest, HoldsForEveryKind) {
//     ForEachRecipe([](const nlohmann::ordered_json& recipe, RecipeResult& built) { EXPECT_… });
//   }
//
// The test needs //tests/reference:golden/recipes.json as data.
//
// Thread safety: for one thread at a time.
// Lifetime: what a recipe built lives during its turn.

#ifndef METACONV_TESTS_TESTING_GOLDEN_RECIPES_H_
#define METACONV_TESTS_TESTING_GOLDEN_RECIPES_H_

#include "absl/functional/function_ref.h"
#include "nlohmann/json.hpp"
#include "tests/testing/recipe.h"

namespace metaconv {

// Fails the test that calls it where a recipe cannot be built.
void ForEachRecipe(absl::FunctionRef<void(const nlohmann::ordered_json& recipe, RecipeResult& built)> test);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_GOLDEN_RECIPES_H_
