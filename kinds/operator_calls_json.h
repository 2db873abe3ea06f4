// OperatorCallsText, OperatorCallsFromText: the operator calls of a view as JSON text.
//
//   [{"name": "aten::split.Tensor", "arguments": [null, 2, 0], "output": 1}]
//
// Arguments are null, booleans, numbers, texts, lists of integers, and objects of one member for all other types:
//   {"tensor": 0}, {"tensors": [0, null]}, {"optional_tensors": [null, 1]}   numbers count the tensors of all calls;
//                                                                            null is an undefined or absent one
//   {"double": "nan"}            "inf" and "-inf" likewise; other floating point numbers are numbers with a fraction
//   {"complex": [1.0, 2.0]}, {"device": "cuda:1"}, {"doubles": [1.5]}, {"booleans": [true]}, {"texts": ["a"]}
//
// Example:
//   std::optional<std::string> text = OperatorCallsText(calls);
//   absl::StatusOr<std::vector<OperatorCall>> calls = OperatorCallsFromText(*text, tensors);
//
// Thread safety: pure functions.
// Lifetime: results own their values and share tensors.

#ifndef METACONV_KINDS_OPERATOR_CALLS_JSON_H_
#define METACONV_KINDS_OPERATOR_CALLS_JSON_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kinds/record_operators.h"

namespace metaconv {

// Nullopt if there are more than 1000 calls, or if an argument has no such form: a symbolic integer, a generator, a
// dictionary, ….
std::optional<std::string> OperatorCallsText(const std::vector<OperatorCall>& calls);

// `tensors` are those of the arguments, in their order.
// Errors: kInvalidArgument, with the place in the text.
absl::StatusOr<std::vector<OperatorCall>> OperatorCallsFromText(std::string_view text,
                                                                absl::Span<const at::Tensor> tensors);

}  // namespace metaconv

#endif  // METACONV_KINDS_OPERATOR_CALLS_JSON_H_
