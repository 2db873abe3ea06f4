#include "tests/testing/golden_recipes.h"

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;

const std::vector<Json>& Recipes() {
  static const auto& recipes = *[] {
    auto* recipes = new std::vector<Json>();
    std::ifstream file("tests/reference/golden/recipes.json");
    Json document = Json::parse(file);
    for (Json& entry : document.at("recipes")) recipes->push_back(std::move(entry["recipe"]));
    return recipes;
  }();
  return recipes;
}

}  // namespace

void ForEachRecipe(absl::FunctionRef<void(const Json& recipe, RecipeResult& built)> test) {
  ASSERT_GT(Recipes().size(), 900);
  for (const Json& recipe : Recipes()) {
    // LibTorch returns a leaf as its own successor here. This reference cycle is never freed.
    if (recipe.at("name") == "view_operator/lift_fresh/0/matrix/leaf") continue;
    SCOPED_TRACE(recipe.at("name").get<std::string>());
    absl::StatusOr<RecipeResult> built = RunRecipe(recipe);
    ASSERT_TRUE(built.ok()) << built.status();
    test(recipe, *built);
  }
}

}  // namespace metaconv
