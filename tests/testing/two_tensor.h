// TwoTensor: a wrapper type for tests, like Python's torch.testing._internal.two_tensor. It has two tensors of the same
// shape, and each operator runs on both.
//
// Autograd and views work as for any other tensor, because its operators are registered for a backend.
//
// Example:
//   const at::Tensor two = TwoTensor(at::ones({2, 3}), at::zeros({2, 3}));
//   const TwoTensorParts parts = PartsOf(two.t());     // parts.a is at::ones({2, 3}).t(), parts.b …
//
// Thread safety: the same as LibTorch's tensors.
// Lifetime: owns both tensors.

#ifndef METACONV_TESTS_TESTING_TWO_TENSOR_H_
#define METACONV_TESTS_TESTING_TWO_TENSOR_H_

#include "ATen/core/Tensor.h"

namespace metaconv {

struct TwoTensorParts {
  at::Tensor a;
  at::Tensor b;
};

// Throws c10::Error if `a` and `b` differ in anything other than their data. The result requires grad if they do.
at::Tensor TwoTensor(const at::Tensor& a, const at::Tensor& b);

bool IsTwoTensor(const at::Tensor& tensor);
TwoTensorParts PartsOf(const at::Tensor& two_tensor);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_TWO_TENSOR_H_
