// TensorKind: which kind of tensor something is, as one table.
//
// Kinds differ in what holds their data and what describes them. The table says for each its name and how it is told
// from the others; the first entry that matches decides.
//
// Example:
//   KindOf(tensor).name;                // "dense", "sparse COO", "functorch wrapper", …
//   KindOf(tensor).is_supported;        // whether the describer knows it
//
// Thread safety: pure functions over constant data.
// Lifetime: entries are static.

#ifndef METACONV_DESCRIBER_TENSOR_KIND_H_
#define METACONV_DESCRIBER_TENSOR_KIND_H_

#include "ATen/core/Tensor.h"

namespace metaconv {

struct TensorKind {
  const char* name;
  bool (*matches)(const at::Tensor& tensor);
  bool is_supported;
};

// `tensor` must be defined.
const TensorKind& KindOf(const at::Tensor& tensor);

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_TENSOR_KIND_H_
