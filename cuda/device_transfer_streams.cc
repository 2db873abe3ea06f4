#include "cuda/device_transfer_streams.h"

#include "c10/cuda/CUDAStream.h"
#include "cuda/cuda_error.h"

namespace metaconv {
namespace {

c10::Stream AsTorchStream(cudaStream_t stream, c10::Device device) {
  return c10::cuda::getStreamFromExternal(stream, device.index()).unwrap();
}

}  // namespace

absl::StatusOr<c10::Stream> DeviceTransferStreams::Next(c10::Device device) {
  {
    const MutexLock lock(mutex_);
    OfDevice& of_device = devices_[device.index()];
    if (of_device.streams.size() == kMost) {
      return AsTorchStream(of_device.streams[of_device.calls++ % kMost], device);
    }
  }
  cudaStream_t created = nullptr;
  const cudaError_t error = cudaStreamCreateWithPriority(&created, cudaStreamNonBlocking, /*priority=*/0);
  if (error != cudaSuccess) return CudaStatus(error);
  {
    const MutexLock lock(mutex_);
    OfDevice& of_device = devices_[device.index()];
    if (of_device.streams.size() < kMost) {
      of_device.streams.push_back(created);
      return AsTorchStream(created, device);
    }
  }
  // Other threads have created the last ones at the same time.
  static_cast<void>(cudaStreamDestroy(created));
  return Next(device);
}

}  // namespace metaconv
