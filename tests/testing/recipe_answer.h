// RecipeAnswer: describes and converts the tensors of a recipe, and returns the outcome as JSON, to be compared with
// the reference.
//
//   {"name": "slice",
//    "error": null,                              // or {"step": 1, "message": …}; the rest is null then
//    "describe": {"names": {"v": 0, "x": 1},     // ids; null: not described
//                 "errors": {},                  // the reason, or
//                 "unsupported": {},             // the name of the kind if it is not supported
//                 "storages": [records], "tensors": [records]},
//    "convert": {"names": {"v": 0, "x": 1},      // indices into "tensors"; null: not converted
//                "errors": {}, "unsupported": {},
//                "hit": 2, "miss": 0, "successful": true,
//                "storages": [{"nbytes": 48}], "tensors": [{"size": [4], …}, …]}}
//
// Sources are described by a new describer and converted by a new converter, in order, within the functorch levels that
// the recipe left open.
//
// Example:
//   std::cout << RecipeAnswer(line) << '\n';
//
// Thread safety: any number of threads.
// Lifetime: keeps nothing. Restores the thread-local state (levels, modes, dispatch keys).

#ifndef METACONV_TESTS_TESTING_RECIPE_ANSWER_H_
#define METACONV_TESTS_TESTING_RECIPE_ANSWER_H_

#include <string_view>
#include <vector>

#include "describer/meta_tensor_describer.h"
#include "nlohmann/json.hpp"
#include "tests/testing/recipe.h"

namespace metaconv {

// The answer to one line. For text that is not a recipe, the answer contains an error.
nlohmann::ordered_json RecipeAnswer(std::string_view line);

// The parts "describe" and "convert". Call it while the levels are open.
nlohmann::ordered_json DescribedJson(const RecipeResult& built);
nlohmann::ordered_json ConvertedJson(const RecipeResult& built);

// Sets the facts that Python stores on tensors, for sources and other tensors.
void SetFacts(const RecipeResult& built, MetaTensorDescriber& describer);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_RECIPE_ANSWER_H_
