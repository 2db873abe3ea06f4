// RecipeArguments: converts the arguments of an operator from a recipe for the dispatcher.
//
// The type of a value depends on the operator's schema: 3 is an int, a float, a Scalar or, for int[2], the list [3, 3].
// Missing arguments have the default of the schema.
//
//   3  0.5  true  "mean"  [1, 2]  null      int, SymInt, float, bool, Scalar, str, lists of those, None
//   {"t": NAME}  {"ts": [NAME…]}            Tensor; Tensor[] and Tensor?[], whose names may be null
//   {"tensor": [[1, 2]], "dtype": "int64"}  a Tensor with these elements, as torch.tensor makes it
//   {"storage": NAME}                       the storage of a tensor
//   {"dtype": "float32"}  {"layout": "sparse_coo"}  {"device": "cpu"}  {"memory_format": "channels_last"}
//
// Example:
//   const c10::OperatorHandle op = c10::Dispatcher::singleton().findSchemaOrThrow("aten::select", "int");
//   torch::jit::Stack stack = RecipeArguments(op.schema(), R"([{"t": "x"}, 0, 1])"_json, {}, find_tensor);
//   op.callBoxed(stack);
//
// Errors: throws c10::ValueError for a value that does not match, with the argument and what was expected and found.
// Callers that run operators must catch LibTorch's exceptions anyway.
// Thread safety: the same as `find`.
// Lifetime: results own their values.

#ifndef METACONV_TESTS_TESTING_RECIPE_VALUES_H_
#define METACONV_TESTS_TESTING_RECIPE_VALUES_H_

#include <string>

#include "ATen/core/Tensor.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/stack.h"
#include "absl/functional/function_ref.h"
#include "nlohmann/json.hpp"

namespace metaconv {

// Returns the tensor of a name, or throws if there is none.
using FindTensor = absl::FunctionRef<at::Tensor(const std::string& name)>;

// `args` is an array or null, `kwargs` an object or null.
torch::jit::Stack RecipeArguments(const c10::FunctionSchema& schema, const nlohmann::ordered_json& args,
                                  const nlohmann::ordered_json& kwargs, FindTensor find);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_RECIPE_VALUES_H_
