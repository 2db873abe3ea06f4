// StridedTensor: creates a tensor on a storage without an operator. LibTorch's operators for some devices are in
// separate libraries, which may not be linked.
//
// Example:
//   at::Tensor tensor = StridedTensor(storage, at::kFloat);                            // Has size [0].
//   tensor.unsafeGetTensorImpl()->set_sizes_and_strides(size, stride, offset);
//
// Thread safety: a pure function.
// Lifetime: the tensor keeps the storage alive.

#ifndef METACONV_CONVERTER_STRIDED_TENSOR_H_
#define METACONV_CONVERTER_STRIDED_TENSOR_H_

#include "ATen/core/Tensor.h"
#include "c10/core/DispatchKeySet.h"
#include "c10/core/ScalarType.h"
#include "c10/core/Storage.h"
#include "c10/core/TensorImpl.h"
#include "c10/core/TensorOptions.h"

namespace metaconv {

inline at::Tensor StridedTensor(const c10::Storage& storage, c10::ScalarType dtype) {
  const c10::DispatchKey key = c10::computeDispatchKey(dtype, c10::kStrided, storage.device());
  return at::detail::make_tensor<c10::TensorImpl>(c10::Storage(storage), c10::DispatchKeySet(key),
                                                  c10::scalarTypeToTypeMeta(dtype));
}

}  // namespace metaconv

#endif  // METACONV_CONVERTER_STRIDED_TENSOR_H_
