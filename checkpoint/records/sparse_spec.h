// Sparse tensors out of their parts, checked as far as shapes tell: the indices themselves are data, and not read.
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_RECORDS_SPARSE_SPEC_H_
#define METACONV_CHECKPOINT_RECORDS_SPARSE_SPEC_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "c10/core/Layout.h"
#include "checkpoint/records/tensor_spec.h"

namespace metaconv {

// `is_coalesced`: absent in files of early versions, for which PyTorch takes up to one value as coalesced.
// Errors: kDataLoss, without an offset, if the parts do not fit each other.
absl::StatusOr<TensorSpec> CooSpec(TensorSpec indices, TensorSpec values, std::vector<std::int64_t> size,
                                   std::optional<bool> is_coalesced);

// For CSR and BSR the compressed indices are those of rows, for CSC and BSC those of columns.
absl::StatusOr<TensorSpec> CompressedSpec(c10::Layout layout, TensorSpec compressed_indices, TensorSpec plain_indices,
                                          TensorSpec values, std::vector<std::int64_t> size);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_RECORDS_SPARSE_SPEC_H_
