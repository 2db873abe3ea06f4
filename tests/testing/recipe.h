// RunRecipe: builds the tensors that a recipe describes.
//
// A recipe is a graph of tensors written down as JSON, from which Python and C++ build the same one:
//
//   {"name": "slice",
//    "steps": [{"op": "aten::ones", "args": [[12]], "out": "x"},
//              {"op": "aten::slice.Tensor", "args": [{"t": "x"}, 0, 3, 7], "out": "v"}],
//    "sources": ["v", "x"]}
//
// A step is an object with one of these keys, and the fields that go with it:
//
//   op               args, kwargs, out     calls the operator; `out` is a name, or a list of names and nulls
//   requires_grad    value                 x.requires_grad_(value), allowed within functorch levels too
//   grad             value                 x.grad = value, a name or null
//   parameter        out, requires_grad    torch.nn.Parameter(x)
//   buffer           out, persistent       torch.nn.Buffer(x)
//   set_data, data   value; out            x.data = value; out = x.data
//   resize_storage   bytes                 x.untyped_storage().resize_(bytes)
//   set_storage      storage_of, size, stride, offset    x.set_(…) without autograd
//   push, pop        batch_size, randomness, reapply_views    enters "vmap", "grad", "jvp", "functionalize"; leaves it
//   add_batch_dim    dim, level, out       torch._C._functorch._add_batch_dim
//   wrap_for_grad, wrap_functional    level, out    torch._C._functorch's functions of these names
//   to_functional    out                   torch._to_functional_tensor
//   forget                                 drops names
//   mark_dynamic     indices               x._dynamo_dynamic_indices
//   hint_override    hints                 x._dynamo_hint_overrides
//   any              grad_mode, inference_mode    in force during this step, the latter within the former
//
// Example:
//   absl::StatusOr<RecipeResult> result = RunRecipe(recipe);
//   if (!result.ok()) return result.status();   // "steps[1] op aten::slice.Tensor: argument 'dim': …"
//   for (const RecipeSource& source : result->sources) Describe(source.tensor);
//
// Thread safety: any number of threads may run recipes; a result with open functorch levels stays on its thread.
// Lifetime: a result owns its tensors. The functorch levels that a recipe left open are open as long as it lives.

#ifndef METACONV_TESTS_TESTING_RECIPE_H_
#define METACONV_TESTS_TESTING_RECIPE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/TensorImpl.h"
#include "c10/util/intrusive_ptr.h"
#include "describer/tensor_facts.h"
#include "nlohmann/json.hpp"
#include "tests/testing/functorch_levels.h"

namespace metaconv {

struct RecipeSource {
  std::string name;
  at::Tensor tensor;
  TensorFacts facts;  // What Python knows of the tensor object.
};

// A tensor that a variable was bound to. It lives as long as the sources need it.
struct KnownTensor {
  c10::weak_intrusive_ptr<c10::TensorImpl> tensor;
  std::shared_ptr<const TensorFacts> facts;
};

struct RecipeResult {
  // In the order in which they are to be described and converted; a name may occur twice.
  std::vector<RecipeSource> sources;
  std::vector<KnownTensor> known;
  // Last, so that they are left before the tensors die.
  FunctorchLevels levels;
};

// Errors: kInvalidArgument for a recipe that is not one; kUnimplemented for a step that does not exist yet; what
// CatchTorch makes of an operator's exception. The message names the step, and FailedStep() gives its index.
absl::StatusOr<RecipeResult> RunRecipe(const nlohmann::ordered_json& recipe);

// The index of the step that failed; none if the recipe as a whole is wrong.
std::optional<std::size_t> FailedStep(const absl::Status& status);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_RECIPE_H_
