// TheCudaRuntime: the CudaRuntime for real devices. It uses LibTorch's libc10_cuda: its caching allocator and its
// current streams.
//
// Example:
//   CudaRuntime& runtime = TheCudaRuntime();
//   absl::StatusOr<int> devices = runtime.DeviceCount();   // kFailedPrecondition if there is no driver.
//
// CUDA is not initialized before the first call. Every call leaves the calling thread's current device, pending error
// and capture mode unchanged: see call_on_device.h. LibTorch's allocator is initialized by the first call that needs
// it, unless other code has done that.
//
// Thread safety: Thread-safe.
// Lifetime: lives until the process ends.

#ifndef METACONV_CUDA_RUNTIME_CUDA_RUNTIME_H_
#define METACONV_CUDA_RUNTIME_CUDA_RUNTIME_H_

#include "cuda/runtime/runtime.h"

namespace metaconv {

CudaRuntime& TheCudaRuntime();

}  // namespace metaconv

#endif  // METACONV_CUDA_RUNTIME_CUDA_RUNTIME_H_
