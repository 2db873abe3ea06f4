// ResultsJson: writes converted tensors in the same form as tests/reference/inmemory_reference.py writes those of the
// reference.
//
// Each object that the results consist of is written once, with its observable properties. Equal indices denote the
// same object. A property that a kind of tensor does not have is null.
//
// Example:
//   ResultsJson({{"v", view}, {"x", base}});
//   // {"names":{"v":0,"x":1},"storages":[{"nbytes":48}],"tensors":[{"size":[3,4],"base":1,…},{"size":[12],…}]}
//
// Thread safety: none, because it increments the versions of the tensors.
// Lifetime: keeps nothing.

#ifndef METACONV_TESTS_TESTING_RESULT_JSON_H_
#define METACONV_TESTS_TESTING_RESULT_JSON_H_

#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "nlohmann/json.hpp"

namespace metaconv {

// kDense: the properties of dense strided tensors. kAll: also those of the other kinds, see kind_json.h.
enum class ResultProperties { kDense, kAll };

// An undefined tensor stands for a source that was not converted. Its name maps to null.
nlohmann::ordered_json ResultsJson(const std::vector<std::pair<std::string, at::Tensor>>& results,
                                   ResultProperties properties = ResultProperties::kDense);

// One line for each leaf value that differs: "tensors[0].size: expected [3], found [4]".
std::vector<std::string> JsonDifferences(const nlohmann::ordered_json& expected, const nlohmann::ordered_json& found);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_RESULT_JSON_H_
