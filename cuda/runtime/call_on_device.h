// CallOnDevice: calls a function that uses a CUDA device, and leaves the calling thread's state of CUDA as it was: its
// current device, its pending error (cudaPeekAtLastError) and its mode for captures.
//
// Not for asking for LibTorch's current stream of the calling thread: the function may run on another thread.
//
// Example:
//   absl::Status status = CallOnDevice("filling", device, [&](c10::Device device) {
//     return CudaStatus(cudaMemset(memory, 0, size));
//   });
//   // INTERNAL: "cuda:1: filling: cudaErrorIllegalAddress: ..."
//
// The function may throw LibTorch's exceptions. While it runs, captures of graphs by other threads do not forbid calls
// such as cudaMalloc and cudaHostAlloc, and are not invalidated by them.
//
// Errors: those of CountCudaDevices; kNotFound for a device that does not exist; those of the function. The message
// starts with the device and `doing`.
//
// Thread safety: Thread-safe.
// Lifetime: retains nothing.

#ifndef METACONV_CUDA_RUNTIME_CALL_ON_DEVICE_H_
#define METACONV_CUDA_RUNTIME_CALL_ON_DEVICE_H_

#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"

namespace metaconv {

// `call` gets `device` with its index: `cuda` without one is the calling thread's current device.
absl::Status CallOnDevice(std::string_view doing, c10::Device device,
                          absl::FunctionRef<absl::Status(c10::Device)> call);

// `device` with its index, if it exists.
absl::StatusOr<c10::Device> FindDevice(c10::Device device);

}  // namespace metaconv

#endif  // METACONV_CUDA_RUNTIME_CALL_ON_DEVICE_H_
