// TwoTensor: a wrapper type for tests, as Python's torch.testing._internal.two_tensor is: two tensors of one shape, and
// each operator runs on both.
//
// Autograd and views work on it as on any tensor: its operators are those of a backend.
//
// Example:
//   const at::Tensor two = TwoTensor(at::ones({2, 3}), at::zeros({2, 3}));
//   const TwoTensorParts parts = PartsOf(two.t());     // parts.a is at::ones({2, 3}).t(), parts.b …
//
// Thread safety: as LibTorch's tensors.
// Lifetime: holds both tensors.

#ifndef METACONV_TESTS_TESTING_TWO_TENSOR_H_
#define METACONV_TESTS_TESTING_TWO_TENSOR_H_

#include "ATen/core/Tensor.h"

namespace metaconv {

struct TwoTensorParts {
  at::Tensor a;
  at::Tensor b;
};

// Throws c10::Error if `a` and `b` differ in anything but their data. Requires grad if they do.
at::Tensor TwoTensor(const at::Tensor& a, const at::Tensor& b);

bool IsTwoTensor(const at::Tensor& tensor);
TwoTensorParts PartsOf(const at::Tensor& two_tensor);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_TWO_TENSOR_H_
