// CudaStatus: converts an error of the CUDA runtime to a status that says what was found and what to do about it.
//
// Example:
//   absl::Status status = CudaStatus(cudaSetDevice(0));
//   // UNAVAILABLE: "cudaErrorDevicesUnavailable: CUDA-capable device(s) is/are busy or unavailable; another process
//   // uses the device exclusively, or ..."
//
//   kFailedPrecondition   no driver, or one that does not fit; a process that cannot use CUDA; a stream that captures
//   kNotFound             no such device
//   kUnavailable          a device or a service of the driver that is busy or not ready yet; later calls may succeed
//   kUnimplemented        a device that the kernels were not compiled for
//   kResourceExhausted    out of memory
//   kInternal             all others. After "context lost" in a message, this process cannot use the device any more
//
// Thread safety: Thread-safe.
// Lifetime: retains nothing.

#ifndef METACONV_CUDA_RUNTIME_CUDA_ERROR_H_
#define METACONV_CUDA_RUNTIME_CUDA_ERROR_H_

#include <optional>

#include "absl/status/status.h"
#include "cuda_runtime_api.h"

namespace metaconv {

// The message starts with the name of the error. May ask the runtime for versions and for properties of the current
// device.
absl::Status CudaStatus(cudaError_t error);

// The error of the runtime for which LibTorch threw the exception that CatchTorch converted to `status`, if any.
std::optional<cudaError_t> CudaErrorOf(const absl::Status& status);

}  // namespace metaconv

#endif  // METACONV_CUDA_RUNTIME_CUDA_ERROR_H_
