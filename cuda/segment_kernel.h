// LaunchSegments: processes a segment table on a device in one kernel launch.
//
// Example:
//   cudaError_t error = LaunchSegments(table, stream);   // The device of `stream` must be current.
//
// Thread safety: Thread-safe.
// Lifetime: the table's segments, in device memory, and the memory that they point to must exist until the work is
// done.

#ifndef METACONV_CUDA_SEGMENT_KERNEL_H_
#define METACONV_CUDA_SEGMENT_KERNEL_H_

#include "cuda/segments.h"
#include "cuda_runtime_api.h"

namespace metaconv {

// Errors: those of the launch. Errors of the kernel are returned by a later call.
cudaError_t LaunchSegments(const SegmentTable& table, cudaStream_t stream);

}  // namespace metaconv

#endif  // METACONV_CUDA_SEGMENT_KERNEL_H_
