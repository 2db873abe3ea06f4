// RecipeAnswer: what describer and converter make of a recipe's tensors, as JSON to compare with the reference's answer.
//
//   {"name": "slice",
//    "error": null,                              // or {"step": 1, "message": …}; the rest is null then
//    "describe": {"names": {"v": 0, "x": 1},     // ids; null: not described
//                 "errors": {},                  // why not, unless
//                 "unsupported": {},             // it is a kind that is not supported: what it is
//                 "storages": [records], "tensors": [records]},
//    "convert": {"names": {"v": 0, "x": 1},      // indices into "tensors"; null: not converted
//                "errors": {}, "unsupported": {},
//                "hit": 2, "miss": 0, "successful": true,
//                "storages": [{"nbytes": 48}], "tensors": [{"size": [4], …}, …]}}
//
// Records are those of one fresh describer, results those of one fresh converter, both in the order of the sources and
// within the functorch levels that the recipe left open.
//
// Example:
//   std::cout << RecipeAnswer(line) << '\n';
//
// Thread safety: any number of threads.
// Lifetime: keeps nothing. The thread's state (levels, modes, dispatch keys) is as before.

#ifndef METACONV_TESTS_TESTING_RECIPE_ANSWER_H_
#define METACONV_TESTS_TESTING_RECIPE_ANSWER_H_

#include <string_view>
#include <vector>

#include "describer/meta_tensor_describer.h"
#include "nlohmann/json.hpp"
#include "tests/testing/recipe.h"

namespace metaconv {

// The answer to one line. Text that is no recipe has an answer too, with an error.
nlohmann::ordered_json RecipeAnswer(std::string_view line);

// The parts "describe" and "convert". To be called while the levels are open.
nlohmann::ordered_json DescribedJson(const RecipeResult& built);
nlohmann::ordered_json ConvertedJson(const RecipeResult& built);

// Tells `describer` what Python's tensors say themselves, sources or not.
void SetFacts(const RecipeResult& built, MetaTensorDescriber& describer);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_RECIPE_ANSWER_H_
