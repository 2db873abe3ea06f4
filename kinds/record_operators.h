// RecordOperators: which operators a function calls, one on the result of the other, and with which arguments.
//
// Example:
//   std::optional<std::vector<OperatorCall>> calls =
//       RecordOperators(base, [](const at::Tensor& t) { return at::view_as_real(t).select(1, 0); });
//   (*calls)[0].name;        // "aten::view_as_real"
//   (*calls)[1].arguments;   // [none, 1, 0]
//
// Operators that are called by operators are not listed.
//
// Thread safety: watches the operators of the calling thread only.
// Lifetime: arguments are shared with the call, as IValues are; `base` and what comes of it are not among them.

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
  std::vector<c10::IValue> arguments;      // As many as the schema has. The first, what it is applied to, is none.
  std::optional<std::size_t> output = {};  // Which tensor of those that it returns; none if it returns one.
};

// Nothing if `function` throws, or does something else than to call one operator on the result of another. Autograd
// does not see what it does.
std::optional<std::vector<OperatorCall>> RecordOperators(const at::Tensor& base,
                                                         absl::FunctionRef<at::Tensor(const at::Tensor&)> function);

}  // namespace metaconv

#endif  // METACONV_KINDS_RECORD_OPERATORS_H_
