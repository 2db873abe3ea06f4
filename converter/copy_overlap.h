// CheckNoOverlap: the check of StoragePath::Copy that no copy writes bytes that it or another copy reads or writes.
//
// Example:
//   if (absl::Status status = CheckNoOverlap(copies); !status.ok()) return status;   // Nothing was started.
//
// Copies of a call run in any order and on many threads, so the result of such a call would be undefined.
//
// Thread safety: that of the storages.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_CONVERTER_COPY_OVERLAP_H_
#define METACONV_CONVERTER_COPY_OVERLAP_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "converter/storage_path.h"

namespace metaconv {

// The storages of `copies` must be defined. Compares addresses, which are unique among all devices and the host. Takes
// O(n log n). Errors: kInvalidArgument with the ids of two copies; those of accessing a storage.
absl::Status CheckNoOverlap(absl::Span<const StorageCopy> copies);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_COPY_OVERLAP_H_
