// Int8Weight: a tensor that looks like a float weight and is made of 8-bit integers: an example of a wrapper type.
//
// Any operator may be given one; it is dequantized on the way in. Gradients flow past it to the other arguments. What
// would write to it is an error.
//
// Example:
//   const at::Tensor weight = Quantize(at::randn({8, 4}));
//   at::linear(x, weight);                                  // As with Dequantize(weight).
//   converter.Convert(weight);                              // An Int8Weight of meta tensors.
//
// Thread safety: as LibTorch's tensors. The type is registered when the program starts.
// Lifetime: holds its parts.

#ifndef METACONV_EXAMPLES_INT8_WEIGHT_H_
#define METACONV_EXAMPLES_INT8_WEIGHT_H_

#include <cstdint>

#include "ATen/core/Tensor.h"

namespace metaconv::examples {

struct Int8WeightParts {
  at::Tensor data;        // int8, of the shape of the weight.
  at::Tensor scale;       // One for each index along `axis`; of the weight's dtype.
  at::Tensor zero_point;  // The same as integers: the value of `data` that stands for 0.
  std::int64_t axis = 0;
};

// `weight` is a floating point tensor. Throws c10::Error if it has no dimension `axis`.
at::Tensor Quantize(const at::Tensor& weight, std::int64_t axis = 0);

// (data - zero_point) * scale. Throws c10::Error if `tensor` is no Int8Weight, as PartsOf does.
at::Tensor Dequantize(const at::Tensor& tensor);

bool IsInt8Weight(const at::Tensor& tensor);
const Int8WeightParts& PartsOf(const at::Tensor& tensor);

}  // namespace metaconv::examples

#endif  // METACONV_EXAMPLES_INT8_WEIGHT_H_
