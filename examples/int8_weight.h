// Int8Weight: an example of a user-defined wrapper type: a float weight that is stored as 8-bit integers.
//
// It can be passed to any operator, which receives the dequantized weight. Other arguments of the operator get their
// gradients as usual. Writing to an Int8Weight is an error.
//
// Example:
//   const at::Tensor weight = Quantize(at::randn({8, 4}));
//   at::linear(x, weight);                                  // The same result as with Dequantize(weight).
//   converter.Convert(weight);                              // An Int8Weight of meta tensors.
//
// Thread safety: the same as LibTorch's tensors. The type is registered by a static initializer.
// Lifetime: owns its parts.

#ifndef METACONV_EXAMPLES_INT8_WEIGHT_H_
#define METACONV_EXAMPLES_INT8_WEIGHT_H_

#include <cstdint>

#include "ATen/core/Tensor.h"

namespace metaconv::examples {

struct Int8WeightParts {
  at::Tensor data;        // int8, with the shape of the weight.
  at::Tensor scale;       // One value per index along `axis`, with the weight's dtype.
  at::Tensor zero_point;  // One integer per index along `axis`: the value of `data` that represents 0.
  std::int64_t axis = 0;
};

// `weight` is a floating point tensor. Throws c10::Error if it has no dimension `axis`.
at::Tensor Quantize(const at::Tensor& weight, std::int64_t axis = 0);

// (data - zero_point) * scale. Throws c10::Error if `tensor` is not an Int8Weight, as PartsOf does.
at::Tensor Dequantize(const at::Tensor& tensor);

bool IsInt8Weight(const at::Tensor& tensor);
const Int8WeightParts& PartsOf(const at::Tensor& tensor);

}  // namespace metaconv::examples

#endif  // METACONV_EXAMPLES_INT8_WEIGHT_H_
