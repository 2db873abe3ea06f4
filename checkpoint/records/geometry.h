// Checks of sizes and strides that come from a file.
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_RECORDS_GEOMETRY_H_
#define METACONV_CHECKPOINT_RECORDS_GEOMETRY_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "c10/core/ScalarType.h"

namespace metaconv {

// What is wrong is said without an offset: callers know it.

// Number of elements. Errors: kDataLoss on a negative size or if it does not fit 64 bits.
absl::StatusOr<std::int64_t> NumberOfElements(const std::vector<std::int64_t>& size);

// Bytes from the start of the storage to the end of the last element that is reached; 0 if there is none.
// Errors: kDataLoss if sizes and strides differ in number, are negative, or the result does not fit 64 bits.
absl::StatusOr<std::int64_t> BytesReached(const std::vector<std::int64_t>& size,
                                          const std::vector<std::int64_t>& stride, std::int64_t storage_offset,
                                          c10::ScalarType dtype);

// Strides of a contiguous tensor, as PyTorch gives them (a dimension of size 0 counts as 1).
// Errors: kDataLoss if they do not fit 64 bits.
absl::StatusOr<std::vector<std::int64_t>> ContiguousStride(const std::vector<std::int64_t>& size);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_RECORDS_GEOMETRY_H_
