// TheCudaRuntime: CUDA itself, as LibTorch's libc10_cuda has it: its caching allocator, its current streams.
//
// Example:
//   CudaRuntime& runtime = TheCudaRuntime();
//   absl::StatusOr<int> devices = runtime.DeviceCount();   // kFailedPrecondition without a driver.
//
// Nothing of CUDA is touched before the first call. Every call leaves the current device and the pending error of the
// calling thread as they were.
//
// Thread safety: Thread-safe.
// Lifetime: as long as the process.

#ifndef METACONV_CUDA_CUDA_RUNTIME_H_
#define METACONV_CUDA_CUDA_RUNTIME_H_

#include "cuda/runtime.h"

namespace metaconv {

CudaRuntime& TheCudaRuntime();

}  // namespace metaconv

#endif  // METACONV_CUDA_CUDA_RUNTIME_H_
