// Checks of sizes and strides that come from a file. Error messages have no offset, which only callers know.
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_RECORDS_GEOMETRY_H_
#define METACONV_CHECKPOINT_RECORDS_GEOMETRY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/records/sizes.h"

namespace metaconv {

// The number of elements. Errors: kDataLoss if a size is negative or the number does not fit 64 bits.
absl::StatusOr<std::int64_t> NumberOfElements(absl::Span<const std::int64_t> size);

// The number of bytes from the start of the storage to the end of the last element of the tensor; 0 if it has none.
// Errors: kDataLoss if sizes and strides differ in number, are negative, or the result does not fit 64 bits.
absl::StatusOr<std::int64_t> BytesReached(absl::Span<const std::int64_t> size, absl::Span<const std::int64_t> stride,
                                          std::int64_t storage_offset, c10::ScalarType dtype);

// The strides of a contiguous tensor, as PyTorch computes them: a dimension of size 0 counts as 1.
// Errors: kDataLoss if they do not fit 64 bits.
absl::StatusOr<Sizes> ContiguousStride(absl::Span<const std::int64_t> size);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_RECORDS_GEOMETRY_H_
