// OnCudaDevice: calls a function with a CUDA device as the calling thread's current device.
//
// Not for calls through CudaRuntime, which sets the device itself.
//
// Example:
//   absl::Status status = OnCudaDevice(device, [&] { return ReadInto(device_data); });
//
// Thread safety: Thread-safe.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_CUDA_ON_CUDA_DEVICE_H_
#define METACONV_CUDA_ON_CUDA_DEVICE_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "c10/core/Device.h"

namespace metaconv {

// The thread's current device is afterwards what it was before. Errors: those of `function`, and kInternal if the device
// cannot be made current.
absl::Status OnCudaDevice(c10::Device device, absl::FunctionRef<absl::Status()> function);

}  // namespace metaconv

#endif  // METACONV_CUDA_ON_CUDA_DEVICE_H_
