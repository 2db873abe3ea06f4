// The observable properties of tensors that are not dense, as JSON.
//
// Each function returns null for a tensor of another kind. Inner tensors are converted with `add`.
//
// Example:
//   SparseJson(coo);                  // {"sparse_dim":2,"dense_dim":0,"nnz":3,"is_coalesced":true}
//   FunctorchJson(batched, add);      // {"kind":"batched","level":1,"bdim":0,"unwrapped":1}
//
// Thread safety: as `add`.
// Lifetime: keeps nothing.

#ifndef METACONV_TESTS_TESTING_KIND_JSON_H_
#define METACONV_TESTS_TESTING_KIND_JSON_H_

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"
#include "nlohmann/json.hpp"

namespace metaconv {

using AddTensor = absl::FunctionRef<nlohmann::ordered_json(const at::Tensor& tensor)>;

// COO and compressed layouts, including wrappers of such tensors.
bool IsSparse(const at::Tensor& tensor);

// Sparse tensors of all layouts. A wrapper, except a batched one, has the properties of the sparse tensor in it.
nlohmann::ordered_json SparseJson(const at::Tensor& tensor);

// The wrappers of functorch: "batched", "grad", "functional". The level of a grad wrapper is -2 after the level was
// exited.
nlohmann::ordered_json FunctorchJson(const at::Tensor& tensor, AddTensor add);

// Functional tensors without a functorch level.
nlohmann::ordered_json FunctionalJson(const at::Tensor& tensor, AddTensor add);

// The inner tensors of a wrapper type, by name.
nlohmann::ordered_json WrapperAttrs(const at::Tensor& tensor, AddTensor add);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_KIND_JSON_H_
