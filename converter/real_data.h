// RealTensor, RealStorage: return the copy of the source's data that a result without data has.
//
// Example:
//   MetaConverter converter({.describer = {.copy_data = true}});
//   at::Tensor meta = converter.Convert(weight).value();
//   at::Tensor copy = RealTensor(meta).value();          // The bytes that weight had when it was converted.
//
// Results that share memory give real tensors that share memory, with the strides and offsets of the results. The data
// is freed with the result, with one exception: LibTorch keeps the tensors inside of compressed, functorch and
// functional tensors until the last weak reference is destroyed. The converter's table has such a reference until its
// next sweep.
//
// Thread safety: Thread-safe.
// Lifetime: the returned tensor or storage shares the copy, and keeps it alive.
// Source: `real_tensor` and `real_storage` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_CONVERTER_REAL_DATA_H_
#define METACONV_CONVERTER_REAL_DATA_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "c10/core/Storage.h"

namespace metaconv {

// The real tensor for `result`, with the current strides and offset of `result`: a leaf that does not require grad, and
// not a view.
// Errors: kNotFound if `result` has no data; those of Materialize.
absl::StatusOr<at::Tensor> RealTensor(const at::Tensor& result);

// The real storage for the storage of `result`. Errors: kNotFound if it has no data; kInvalidArgument if `result` has
// no storage.
absl::StatusOr<c10::Storage> RealStorage(const at::Tensor& result);
absl::StatusOr<c10::Storage> RealStorage(const c10::Storage& result);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_REAL_DATA_H_
