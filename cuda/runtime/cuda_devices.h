// CountCudaDevices, CheckCudaProcess: the devices of this process, and whether it can use them.
//
// Example:
//   absl::StatusOr<int> devices = CountCudaDevices();
//
// Thread safety: Thread-safe.
// Lifetime: retains nothing.

#ifndef METACONV_CUDA_RUNTIME_CUDA_DEVICES_H_
#define METACONV_CUDA_RUNTIME_CUDA_DEVICES_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace metaconv {

// kFailedPrecondition in a child of fork(), if CountCudaDevices had found devices in the parent: neither CUDA's state
// is valid there, nor are locks that other threads held. Makes no call of CUDA and acquires no lock.
absl::Status CheckCudaProcess();

// Also makes LibTorch's device guards work (torch_device_guards.h) if there are devices. Keeps a pending error.
//
// The number of devices does not change while a process runs, so a number above 0 is remembered. Other results are not:
// a service that a machine needs may start later, so the next call asks again.
//
// Errors: those of CudaStatus; those of CheckCudaProcess; kFailedPrecondition if LibTorch found another number before.
absl::StatusOr<int> CountCudaDevices();

}  // namespace metaconv

#endif  // METACONV_CUDA_RUNTIME_CUDA_DEVICES_H_
