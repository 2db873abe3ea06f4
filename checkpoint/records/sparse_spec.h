// Sparse tensors made of their parts. Only dtypes and shapes of the parts are checked; the values of the indices are
// data, which is not read.
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_RECORDS_SPARSE_SPEC_H_
#define METACONV_CHECKPOINT_RECORDS_SPARSE_SPEC_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "c10/core/Layout.h"
#include "checkpoint/records/sizes.h"
#include "checkpoint/records/tensor_spec.h"

namespace metaconv {

// `is_coalesced` is absent in files of early versions. As in PyTorch, a tensor of at most one value is then coalesced.
// Errors: kDataLoss if the parts do not match. The message has no offset.
absl::StatusOr<TensorSpec> CooSpec(TensorSpec indices, TensorSpec values, Sizes size, std::optional<bool> is_coalesced);

// The compressed indices are those of rows for CSR and BSR, and those of columns for CSC and BSC. Errors: as CooSpec.
absl::StatusOr<TensorSpec> CompressedSpec(c10::Layout layout, TensorSpec compressed_indices, TensorSpec plain_indices,
                                          TensorSpec values, Sizes size);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_RECORDS_SPARSE_SPEC_H_
