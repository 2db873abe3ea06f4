// Tests CudaStoragePath on real CUDA devices. See require_gpu.h for machines without one.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "c10/cuda/CUDAStream.h"
#include "cuda/runtime/cuda_runtime.h"
#include "cuda_runtime_api.h"
#include "gtest/gtest.h"
#include "tests/cuda/storage_path_cases.h"

namespace metaconv {
namespace {

class GpuUnderTest final : public RuntimeUnderTest {
 public:
  CudaRuntime& runtime() override { return TheCudaRuntime(); }

  // Index 0 is the default stream, the others are from LibTorch's pool.
  void UseStream(c10::Device device, int number) override {
    c10::cuda::setCurrentCUDAStream(number == 0 ? c10::cuda::getDefaultCUDAStream(device.index())
                                                : c10::cuda::getStreamFromPool(false, device.index()));
  }

  // By a function on the host that the stream waits for.
  void Block(c10::Stream stream) override {
    const cudaError_t error = cudaLaunchHostFunc(
        c10::cuda::CUDAStream(stream),
        [](void* unblocked) { static_cast<absl::Notification*>(unblocked)->WaitForNotification(); }, &unblocked_);
    if (error != cudaSuccess) ADD_FAILURE() << cudaGetErrorString(error);
  }
  void Unblock(c10::Stream) override { unblocked_.Notify(); }

  std::vector<std::string> Problems() override {
    std::vector<std::string> problems;
    const absl::StatusOr<c10::Stream> stream = TheCudaRuntime().CurrentStream(Cuda(0));
    const absl::Status status = stream.ok() ? TheCudaRuntime().Synchronize(*stream) : stream.status();
    if (!status.ok()) problems.push_back(status.ToString());
    return problems;
  }

 private:
  absl::Notification unblocked_;  // Each test blocks one stream, and only once.
};

absl::StatusOr<std::unique_ptr<RuntimeUnderTest>> MakeGpu() {
  const absl::StatusOr<int> count = TheCudaRuntime().DeviceCount();
  if (!count.ok()) return count.status();
  if (*count == 0) return absl::NotFoundError("there is no GPU");
  return std::make_unique<GpuUnderTest>();
}

INSTANTIATE_TEST_SUITE_P(
    Gpu, StoragePathCases,
    testing::Values(CaseParameters{"DefaultOptions", MakeGpu, {}},
                    CaseParameters{
                        "Tiny", MakeGpu, {.buffers = 3, .buffer_size = 4096, .small_size = 512, .threads = 3}}),
    NameOfCase);

}  // namespace
}  // namespace metaconv
