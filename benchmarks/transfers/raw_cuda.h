// The ceilings: what CUDA's own calls achieve on this machine, without metaconv.
//
// Measured figures:
//   raw/host_to_device/SIZE, raw/device_to_host/SIZE   cudaMemcpyAsync from and to pinned memory
//   raw/device_to_device/SIZE                          cudaMemcpyAsync within the device
//   raw/memset/SIZE                                    cudaMemsetAsync
// SIZE is 1, 4, 16 and 64 MiB. Each run queues calls for 256 MiB, and waits for all.
//
// All calls use the default stream of the calling thread's current device.
//
// Thread safety: for one thread.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_BENCHMARKS_TRANSFERS_RAW_CUDA_H_
#define METACONV_BENCHMARKS_TRANSFERS_RAW_CUDA_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/transfers/setting.h"
#include "cuda_runtime_api.h"

namespace metaconv {

absl::Status StatusOf(cudaError_t error, std::string_view call);

// Start one call.
absl::Status RawCopy(void* into, const void* from, std::int64_t size);
absl::Status RawMemset(void* into, std::int64_t size);

absl::Status WaitForDefaultStream();
// Whether work of the default stream is not done yet.
absl::StatusOr<bool> DefaultStreamIsBusy();

absl::Status MeasureRawTransfers(TransferSetting& setting);

// The figure of raw/host_to_device with the largest size that was measured.
std::string HostToDeviceCeiling(const TransferSetting& setting);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_TRANSFERS_RAW_CUDA_H_
