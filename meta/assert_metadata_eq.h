// AssertMetadataEq: checks that a tensor has the metadata that its record describes.
//
// To compare two records, use equal.h; to compare two tensors, use describer/compare_tensors.h.
//
// Example:
//   absl::Status status = AssertMetadataEq(*desc, tensor);
//   // kInternal: "tensor differs from record 3: dtype: expected torch.float32, found torch.float64;
//   //             base.size: expected [4], found [8]"
//
// Compares the gradient and the base recursively. Reports every field that differs, not only the first. Data and device
// are not compared: the tensor is usually a meta tensor.
//
// Thread safety: a pure function; the tensor must not be modified concurrently.
// Lifetime: retains no reference to its arguments.
// Source: `assert_metadata_eq` of torch/_subclasses/meta_utils.py.

#ifndef METACONV_META_ASSERT_METADATA_EQ_H_
#define METACONV_META_ASSERT_METADATA_EQ_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

struct AssertMetadataEqOptions {
  // Do not compare sizes, strides and storage offsets, because the conversion replaced them with symbolic values.
  bool skip_symbolic = false;
  // Do not compare `is_leaf`.
  bool skip_leaf = false;
  // The record was made under DisableInferenceModeForFakeProp, so its `is_inference` must be false even if the tensor
  // is an inference tensor.
  bool inference_mode_hidden = false;
};

// Errors: kInternal, with every difference in the message.
absl::Status AssertMetadataEq(const MetaTensorDesc& desc, const at::Tensor& tensor,
                              const AssertMetadataEqOptions& options = {});

}  // namespace metaconv

#endif  // METACONV_META_ASSERT_METADATA_EQ_H_
