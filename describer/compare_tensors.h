// AssertMetadataEq for two tensors: checks that one tensor has the metadata of another. Does not compare data.
//
// Example:
//   absl::Status status = AssertMetadataEq(real, converted);
//
// Thread safety: a pure function; the tensors must not be modified concurrently.
// Lifetime: retains no reference to its arguments.
// Source: `assert_metadata_eq` of torch/_subclasses/meta_utils.py, called with a tensor first.

#ifndef METACONV_DESCRIBER_COMPARE_TENSORS_H_
#define METACONV_DESCRIBER_COMPARE_TENSORS_H_

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "meta/assert_metadata_eq.h"

namespace metaconv {

// Errors: kInternal with every difference; those of MetaTensorDescriber::DescribeTensor for `expected`.
absl::Status AssertMetadataEq(const at::Tensor& expected, const at::Tensor& tensor,
                              AssertMetadataEqOptions options = {});

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_COMPARE_TENSORS_H_
