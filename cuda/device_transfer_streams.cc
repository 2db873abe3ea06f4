#include "cuda/device_transfer_streams.h"

#include "c10/cuda/CUDAStream.h"
#include "cuda/cuda_error.h"

namespace metaconv {
namespace {

c10::Stream AsTorchStream(cudaStream_t stream, c10::Device device) {
  return c10::cuda::getStreamFromExternal(stream, device.index()).unwrap();
}

}  // namespace

absl::StatusOr<c10::Stream> DeviceTransferStreams::Get(c10::Device device) {
  {
    const MutexLock lock(mutex_);
    if (const auto found = streams_.find(device.index()); found != streams_.end()) {
      return AsTorchStream(found->second, device);
    }
  }
  cudaStream_t created = nullptr;
  const cudaError_t error = cudaStreamCreateWithPriority(&created, cudaStreamNonBlocking, /*priority=*/0);
  if (error != cudaSuccess) return CudaStatus(error);
  cudaStream_t kept = nullptr;
  {
    const MutexLock lock(mutex_);
    kept = streams_.emplace(device.index(), created).first->second;
  }
  // Another thread may have been faster.
  if (kept != created) static_cast<void>(cudaStreamDestroy(created));
  return AsTorchStream(kept, device);
}

}  // namespace metaconv
