// What can be told from outside of a tensor that is not a plain dense one, as JSON.
//
// Each function gives null for a tensor that is not of its kind. Tensors within are written as `add` says.
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

// COO and the compressed layouts, wrappers of such tensors included.
bool IsSparse(const at::Tensor& tensor);

// Sparse tensors of all layouts. A wrapper says what the sparse tensor in it says, but for a batched one.
nlohmann::ordered_json SparseJson(const at::Tensor& tensor);

// Wrappers that functorch makes: "batched", "grad", "functional". The level of a grad wrapper is -2 once it was left.
nlohmann::ordered_json FunctorchJson(const at::Tensor& tensor, AddTensor add);

// Functional tensors that belong to no functorch level.
nlohmann::ordered_json FunctionalJson(const at::Tensor& tensor, AddTensor add);

// The tensors that a wrapper type consists of, by name.
nlohmann::ordered_json WrapperAttrs(const at::Tensor& tensor, AddTensor add);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_KIND_JSON_H_
