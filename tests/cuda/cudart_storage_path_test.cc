// Tests CudaStoragePath with the real CudaRuntime and LibTorch's allocator, on the stand-in for libcudart.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/cuda/CUDAStream.h"
#include "cuda/runtime/cuda_runtime.h"
#include "gtest/gtest.h"
#include "tests/cuda/cudart_problems.h"
#include "tests/cuda/fake_cudart/fake_cudart.h"
#include "tests/cuda/storage_path_cases.h"

namespace metaconv {
namespace {

constexpr int kMaxEvents = 100;

class CudartUnderTest final : public RuntimeUnderTest {
 public:
  CudaRuntime& runtime() override { return TheCudaRuntime(); }

  // Index 0 is the default stream, the others are from LibTorch's pool.
  void UseStream(c10::Device device, int number) override {
    c10::cuda::setCurrentCUDAStream(number == 0 ? c10::cuda::getDefaultCUDAStream(device.index())
                                                : c10::cuda::getStreamFromPool(false, device.index()));
  }

  void Block(c10::Stream stream) override { FakeCudart::BlockStream(CudaStream(stream)); }
  void Unblock(c10::Stream stream) override { FakeCudart::ReleaseStream(CudaStream(stream)); }

  // The path is gone then, so that it must have released its buffers and events. The runtime reuses released events; a
  // call that kept its events would exceed the number that all calls need at once.
  std::vector<std::string> Problems() override {
    std::vector<std::string> problems = CudartProblems();
    const FakeCudart::Live live = FakeCudart::LiveObjects();
    if (live.pinned_memories != 0 || live.events > kMaxEvents) {
      problems.push_back(
          absl::StrCat("left behind: ", live.pinned_memories, " pinned memories, ", live.events, " events"));
    }
    return problems;
  }

 private:
  static cudaStream_t CudaStream(c10::Stream stream) {
    return c10::cuda::CUDAStream(c10::cuda::CUDAStream::UNCHECKED, stream);
  }
};

absl::StatusOr<std::unique_ptr<RuntimeUnderTest>> MakeCudart(std::uint64_t seed) {
  if (absl::Status status = WhyNoCudart(); !status.ok()) return status;
  FakeCudart::Options options = FakeCudart::CurrentOptions();
  options.seed = seed;
  FakeCudart::Configure(options);
  return std::make_unique<CudartUnderTest>();
}

CaseParameters OnCudart(std::string name, std::uint64_t seed, const CudaStoragePathOptions& options) {
  return {std::move(name), [seed] { return MakeCudart(seed); }, options};
}

constexpr CudaStoragePathOptions kTiny = {.buffers = 3, .buffer_size = 4096, .small_size = 512, .threads = 3};

// Loads by ranges of files, of which each fits a few blocks.
constexpr CudaStoragePathOptions kFiles = {
    .buffers = 3, .buffer_size = 16384, .small_size = 512, .threads = 3, .direct_io = true, .direct_io_size = 0};

INSTANTIATE_TEST_SUITE_P(Cudart, StoragePathCases,
                         testing::Values(OnCudart("DefaultOptions", 0, {}), OnCudart("Tiny", 0, kTiny),
                                         OnCudart("TinySeed1", 1, kTiny), OnCudart("TinySeed2", 2, kTiny),
                                         OnCudart("Files", 0, kFiles), OnCudart("FilesSeed3", 3, kFiles)),
                         NameOfCase);

}  // namespace
}  // namespace metaconv
