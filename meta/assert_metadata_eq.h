// AssertMetadataEq: whether a tensor is what a record says.
//
// Example:
//   absl::Status status = AssertMetadataEq(*desc, tensor);
//   // kInternal: "tensor differs from record 3: dtype: expected torch.float32, found torch.float64;
//   //             base.size: expected [4], found [8]"
//
// Goes into the gradient and the base. Reports every field that differs, not only the first. Data and device are not
// compared: the tensor is usually a meta tensor.
//
// Thread safety: a pure function; the tensor must not be changed meanwhile.
// Lifetime: keeps nothing.
// Source: `assert_metadata_eq` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_META_ASSERT_METADATA_EQ_H_
#define METACONV_META_ASSERT_METADATA_EQ_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

struct AssertMetadataEqOptions {
  // Do not compare sizes, strides and offsets: they were made symbolic on the way.
  bool skip_symbolic = false;
  // Do not compare whether a tensor is a leaf.
  bool skip_leaf = false;
  // The record was made where inference mode is hidden, so it must say "not inference" whatever the tensor is.
  bool inference_mode_hidden = false;
};

// Errors: kInternal with every difference.
absl::Status AssertMetadataEq(const MetaTensorDesc& desc, const at::Tensor& tensor,
                              const AssertMetadataEqOptions& options = {});

}  // namespace metaconv

#endif  // METACONV_META_ASSERT_METADATA_EQ_H_
