// RunRecipe: builds the tensors that a recipe describes.
//
// A recipe describes a graph of tensors as JSON, from which Python and C++ build the same graph:
//
//   {"name": "slice",
//    "steps": [{"op": "aten::ones", "args": [[12]], "out": "x"},
//              {"op": "aten::slice.Tensor", "args": [{"t": "x"}, 0, 3, 7], "out": "v"}],
//    "sources": ["v", "x"]}
//
// A step is an object with one of these keys, and its fields:
//
//   op               args, kwargs, out     calls the operator; `out` is a name, or a list of names and nulls
//   requires_grad    value                 x.requires_grad_(value), allowed within functorch levels too
//   grad             value                 x.grad = value, a name or null
//   parameter        out, requires_grad    torch.nn.Parameter(x)
//   buffer           out, persistent       torch.nn.Buffer(x)
//   set_data, data   value; out            x.data = value; out = x.data
//   resize_storage   bytes                 x.untyped_storage().resize_(bytes)
//   set_storage      storage_of, size, stride, offset    x.set_(…) without autograd
//   push, pop        batch_size, randomness, reapply_views    enters or exits "vmap", "grad", "jvp", "functionalize"
//   add_batch_dim    dim, level, out       torch._C._functorch._add_batch_dim
//   wrap_for_grad, wrap_functional    level, out    torch._C._functorch's functions of these names
//   to_functional    out                   torch._to_functional_tensor
//   forget                                 deletes names
//   mark_dynamic     indices               x._dynamo_dynamic_indices
//   hint_override    hints                 x._dynamo_hint_overrides
//   any              grad_mode, inference_mode    modes during this step; inference_mode is entered last
//
// Example:
//   absl::StatusOr<RecipeResult> result = RunRecipe(recipe);
//   if (!result.ok()) return result.status();   // "steps[1] op aten::slice.Tensor: argument 'dim': …"
//   for (const RecipeSource& source : result->sources) Describe(source.tensor);
//
// Thread safety: any number of threads may run recipes. A result with open functorch levels must stay on its thread.
// Lifetime: a result owns its tensors. Functorch levels that the recipe did not exit stay open while it exists.

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
  TensorFacts facts;  // The Python attributes of the tensor object.
};

// A tensor of a variable, which must stay alive as long as the sources.
struct KnownTensor {
  c10::weak_intrusive_ptr<c10::TensorImpl> tensor;
  std::shared_ptr<const TensorFacts> facts;
};

struct RecipeResult {
  // In the order in which they are described and converted. A name may occur twice.
  std::vector<RecipeSource> sources;
  std::vector<KnownTensor> known;
  // Last, so that the levels are exited before the tensors are destroyed.
  FunctorchLevels levels;
};

// Errors: kInvalidArgument for an invalid recipe; kUnimplemented for an unknown step; the status of CatchTorch for an
// exception of an operator. The message names the step, and FailedStep() returns its index.
absl::StatusOr<RecipeResult> RunRecipe(const nlohmann::ordered_json& recipe);

// The index of the step that failed; none if the error is not in a step.
std::optional<std::size_t> FailedStep(const absl::Status& status);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_RECIPE_H_
