// AllocateDeviceMemory: CudaRuntime::Allocate, with the requested and the free bytes in the error message.
//
// Example:
//   absl::StatusOr<c10::DataPtr> memory = AllocateDeviceMemory(runtime, stream, size);
//
// Thread safety: that of the runtime.
// Lifetime: that of memory that the runtime allocates.

#ifndef METACONV_CUDA_RUNTIME_DEVICE_MEMORY_H_
#define METACONV_CUDA_RUNTIME_DEVICE_MEMORY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "c10/core/Allocator.h"
#include "c10/core/Stream.h"
#include "cuda/runtime/runtime.h"

namespace metaconv {

// Errors: kResourceExhausted, with the device, the requested bytes and the free bytes.
absl::StatusOr<c10::DataPtr> AllocateDeviceMemory(CudaRuntime& runtime, c10::Stream stream, std::int64_t size);

}  // namespace metaconv

#endif  // METACONV_CUDA_RUNTIME_DEVICE_MEMORY_H_
