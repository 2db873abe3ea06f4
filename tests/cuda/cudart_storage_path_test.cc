// Tests CudaStoragePath with the real CudaRuntime and LibTorch's allocator, on the stand-in for libcudart.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "c10/cuda/CUDAStream.h"
#include "cuda/cuda_runtime.h"
#include "gtest/gtest.h"
#include "tests/cuda/fake_cudart/fake_cudart.h"
#include "tests/cuda/storage_path_cases.h"

namespace metaconv {
namespace {

class CudartUnderTest final : public RuntimeUnderTest {
 public:
  explicit CudartUnderTest(std::uint64_t seed) {
    FakeCudart::Options options = FakeCudart::CurrentOptions();
    options.seed = seed;
    FakeCudart::Configure(options);
  }

  CudaRuntime& runtime() override { return TheCudaRuntime(); }

  // Index 0 is the default stream, the others are from LibTorch's pool.
  void UseStream(c10::Device device, int number) override {
    c10::cuda::setCurrentCUDAStream(number == 0 ? c10::cuda::getDefaultCUDAStream(device.index())
                                                : c10::cuda::getStreamFromPool(false, device.index()));
  }

  std::vector<std::string> Problems() override {
    std::vector<std::string> problems;
    for (int device = 0; device < FakeCudart::CurrentOptions().devices; ++device) {
      const absl::StatusOr<c10::Stream> stream = TheCudaRuntime().CurrentStream(Cuda(device));
      const absl::Status status = stream.ok() ? TheCudaRuntime().Synchronize(*stream) : stream.status();
      if (!status.ok()) problems.push_back(status.ToString());
    }
    if (const cudaError_t pending = cudaGetLastError(); pending != cudaSuccess) {
      problems.push_back(absl::StrCat("pending: ", cudaGetErrorName(pending)));
    }
    if (const int pinned = FakeCudart::LiveObjects().pinned_memories; pinned != 0) {
      problems.push_back(absl::StrCat(pinned, " pinned memories are left"));
    }
    return problems;
  }
};

CaseParameters OnCudart(std::string name, std::uint64_t seed, const CudaStoragePathOptions& options) {
  return {std::move(name), [seed] { return std::make_unique<CudartUnderTest>(seed); }, options};
}

constexpr CudaStoragePathOptions kTiny = {.buffers = 3, .buffer_size = 4096, .small_size = 512, .threads = 3};

INSTANTIATE_TEST_SUITE_P(Cudart, StoragePathCases,
                         testing::Values(OnCudart("DefaultOptions", 0, {}), OnCudart("Tiny", 0, kTiny),
                                         OnCudart("TinySeed1", 1, kTiny), OnCudart("TinySeed2", 2, kTiny)),
                         NameOfCase);

}  // namespace
}  // namespace metaconv
