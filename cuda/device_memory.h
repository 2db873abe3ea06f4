// AllocateDeviceMemory: CudaRuntime::Allocate, whose error says how much was wanted and how much is free.
//
// Example:
//   absl::StatusOr<c10::DataPtr> memory = AllocateDeviceMemory(runtime, stream, size);
//
// Thread safety: as the runtime's.
// Lifetime: as the runtime's.

#ifndef METACONV_CUDA_DEVICE_MEMORY_H_
#define METACONV_CUDA_DEVICE_MEMORY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "c10/core/Allocator.h"
#include "c10/core/Stream.h"
#include "cuda/runtime.h"

namespace metaconv {

// Errors: kResourceExhausted with the device, the bytes wanted and the bytes free.
absl::StatusOr<c10::DataPtr> AllocateDeviceMemory(CudaRuntime& runtime, c10::Stream stream, std::int64_t size);

}  // namespace metaconv

#endif  // METACONV_CUDA_DEVICE_MEMORY_H_
