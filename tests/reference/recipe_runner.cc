// Answers recipes: one JSON object per line in, one per line out, each written at once.
//
//   recipe_runner < recipes.jsonl > answers.jsonl
//
// See tests/testing/recipe.h for recipes and tests/testing/recipe_answer.h for answers. Every line has an answer, even
// if it is not JSON, and no recipe has an effect on those that follow.

#include <iostream>
#include <string>

#include "nlohmann/json.hpp"
#include "tests/testing/recipe_answer.h"

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    if (line.empty()) continue;
    // Text from LibTorch may hold bytes that are not UTF-8.
    std::cout << metaconv::RecipeAnswer(line).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
              << std::endl;
  }
  return std::cin.bad() ? 1 : 0;
}
