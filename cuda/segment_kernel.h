// LaunchSegments: runs a segment table on a device, in one launch.
//
// Example:
//   cudaError_t error = LaunchSegments(table, stream);   // The device of `stream` is the current one.
//
// Thread safety: Thread-safe.
// Lifetime: the table's segments, in memory of the device, and all that they name stay until the work is done.

#ifndef METACONV_CUDA_SEGMENT_KERNEL_H_
#define METACONV_CUDA_SEGMENT_KERNEL_H_

#include "cuda/segments.h"
#include "cuda_runtime_api.h"

namespace metaconv {

// Errors: those of the launch. Those of its work come with a later call.
cudaError_t LaunchSegments(const SegmentTable& table, cudaStream_t stream);

}  // namespace metaconv

#endif  // METACONV_CUDA_SEGMENT_KERNEL_H_
