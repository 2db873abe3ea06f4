// RecordOperators: runs a function and records the operators that it calls, each on the result of the previous one.
//
// Example:
//   std::optional<std::vector<OperatorCall>> calls =
//       RecordOperators(base, [](const at::Tensor& t) { return at::view_as_real(t).select(1, 0); });
//   (*calls)[0].name;        // "aten::view_as_real"
//   (*calls)[1].arguments;   // [none, 1, 0]
//
// Operators that other operators call are not recorded.
//
// Thread safety: records the operators of the calling thread only.
// Lifetime: arguments are shared with the recorded call, as IValues are; `base` and tensors derived from it are not
// among them.

#ifndef METACONV_KINDS_RECORD_OPERATORS_H_
#define METACONV_KINDS_RECORD_OPERATORS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "absl/functional/function_ref.h"

namespace metaconv {

struct OperatorCall {
  std::string name;                        // With its overload: "aten::select.int".
  std::vector<c10::IValue> arguments;      // One for each schema argument. The first, the input, is none.
  std::optional<std::size_t> output = {};  // The index in a returned list; nullopt for a single tensor.
};

// Returns nullopt if `function` throws, or does anything other than calling one operator on the result of the previous
// one. Runs `function` below autograd.
std::optional<std::vector<OperatorCall>> RecordOperators(const at::Tensor& base,
                                                         absl::FunctionRef<at::Tensor(const at::Tensor&)> function);

}  // namespace metaconv

#endif  // METACONV_KINDS_RECORD_OPERATORS_H_
