// RealTensor, RealStorage: the data that a result without data carries along.
//
// Example:
//   MetaConverter converter({.describer = {.copy_data = true}});
//   at::Tensor meta = converter.Convert(weight).value();
//   at::Tensor copy = RealTensor(meta).value();          // The bytes that weight had when it was converted.
//
// Results that share memory give real tensors that share memory, with the strides and offsets of the results. The data go
// with the result. Two things hold them longer: LibTorch keeps what is inside of compressed, functorch and functional
// tensors until the last weak reference is gone, as the converter's table has, which is swept from time to time.
//
// Thread safety: Thread-safe.
// Lifetime: what is returned shares the copy, and keeps it alive.
// Source: `real_tensor` and `real_storage` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_CONVERTER_REAL_DATA_H_
#define METACONV_CONVERTER_REAL_DATA_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "c10/core/Storage.h"

namespace metaconv {

// The real tensor for `result`, as `result` lies in its storage now: a leaf that does not require grad, and no view.
// Errors: kNotFound if it carries no data; those of Materialize.
absl::StatusOr<at::Tensor> RealTensor(const at::Tensor& result);

// The real storage for that of `result`. Errors: kNotFound if it carries none, kInvalidArgument if it has no storage.
absl::StatusOr<c10::Storage> RealStorage(const at::Tensor& result);
absl::StatusOr<c10::Storage> RealStorage(const c10::Storage& result);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_REAL_DATA_H_
