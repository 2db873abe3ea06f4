// LiteralTensor: creates a CPU tensor from nested JSON arrays, like torch.tensor. The tensor is not wrapped, even if
// functorch levels are open.
//
// Example:
//   LiteralTensor(R"([[0, 1], [2, 0]])"_json, at::kLong);   // sizes [2, 2]
//   LiteralTensor(2.5, std::nullopt);                       // sizes [], float32
//
// Errors: throws c10::ValueError for arrays of unequal length and for elements that are neither numbers nor booleans.
// Thread safety: pure function.
// Lifetime: results own their data.

#ifndef METACONV_TESTS_TESTING_LITERAL_TENSOR_H_
#define METACONV_TESTS_TESTING_LITERAL_TENSOR_H_

#include <optional>

#include "ATen/core/Tensor.h"
#include "nlohmann/json.hpp"

namespace metaconv {

// Without a dtype, it is bool, int64 or float32, depending on the elements.
at::Tensor LiteralTensor(const nlohmann::ordered_json& elements, std::optional<at::ScalarType> dtype);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_LITERAL_TENSOR_H_
