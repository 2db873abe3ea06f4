// RecipeArguments: the arguments of an operator as a recipe writes them, for the dispatcher.
//
// What a value becomes depends on the operator's schema: 3 is an int, a float, a Scalar or, where the schema says
// int[2], twice itself. Arguments that are not given take the schema's default.
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
// Errors: throws c10::ValueError for what does not fit, with the argument and what was expected and found: whoever runs
// operators has LibTorch's exceptions to catch anyway.
// Thread safety: as `find`.
// Lifetime: results own what they hold.

#ifndef METACONV_TESTS_TESTING_RECIPE_VALUES_H_
#define METACONV_TESTS_TESTING_RECIPE_VALUES_H_

#include <string>

#include "ATen/core/Tensor.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/stack.h"
#include "absl/functional/function_ref.h"
#include "nlohmann/json.hpp"

namespace metaconv {

// The tensor of a name; throws if there is none.
using FindTensor = absl::FunctionRef<at::Tensor(const std::string& name)>;

// `args` is an array or null, `kwargs` an object or null.
torch::jit::Stack RecipeArguments(const c10::FunctionSchema& schema, const nlohmann::ordered_json& args,
                                  const nlohmann::ordered_json& kwargs, FindTensor find);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_RECIPE_VALUES_H_
