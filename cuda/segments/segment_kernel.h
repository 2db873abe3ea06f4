// LaunchSegments, LaunchArgumentSegments: process a segment table on a device in one kernel launch.
//
// Example:
//   cudaError_t error = LaunchSegments(table, stream);   // The device of `stream` must be current.
//
// Thread safety: Thread-safe.
// Lifetime: the memory that the segments point to must exist until the work is done. So must the segments of
// LaunchSegments, which are in device memory; those of LaunchArgumentSegments are copied by the call.

#ifndef METACONV_CUDA_SEGMENTS_SEGMENT_KERNEL_H_
#define METACONV_CUDA_SEGMENTS_SEGMENT_KERNEL_H_

#include "cuda/segments/segments.h"
#include "cuda_runtime_api.h"

namespace metaconv {

// Errors: those of the launch itself; pending errors of other calls are neither returned nor cleared. Errors of the
// kernel are returned by a later call.
cudaError_t LaunchSegments(const SegmentTable& table, cudaStream_t stream);

// `table.segments` is in host memory, and `table.size` at most kMaxArgumentSegments.
cudaError_t LaunchArgumentSegments(const SegmentTable& table, cudaStream_t stream);

}  // namespace metaconv

#endif  // METACONV_CUDA_SEGMENTS_SEGMENT_KERNEL_H_
