#include "tests/cuda/cudart_problems.h"

#include "absl/strings/str_cat.h"
#include "c10/core/Device.h"
#include "c10/cuda/CUDACachingAllocator.h"
#include "cuda/runtime/cuda_runtime.h"
#include "meta/torch_status.h"
#include "tests/cuda/fake_cudart/fake_cudart.h"

namespace metaconv {

absl::Status WhyNoCudart() {
  const absl::StatusOr<int> count = TheCudaRuntime().DeviceCount();
  if (!count.ok()) return count.status();
  return *count > 0 ? absl::OkStatus() : absl::NotFoundError("there is no GPU");
}

std::vector<std::string> CudartProblems() {
  std::vector<std::string> problems;
  if (!WhyNoCudart().ok()) return problems;
  for (int i = 0; i < FakeCudart::CurrentOptions().devices; ++i) {
    const c10::Device device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(i));
    const absl::StatusOr<c10::Stream> stream = TheCudaRuntime().CurrentStream(device);
    const absl::Status status = stream.ok() ? TheCudaRuntime().Synchronize(*stream) : stream.status();
    if (!status.ok()) problems.push_back(status.ToString());
  }
  absl::Status status = CatchTorch("emptying the cache", [] { c10::cuda::CUDACachingAllocator::emptyCache(); });
  if (!status.ok()) problems.push_back(status.ToString());
  if (const int live = FakeCudart::LiveObjects().device_memories; live != 0) {
    problems.push_back(absl::StrCat(live, " device memories are left"));
  }
  int current = -1;
  if (cudaGetDevice(&current) != cudaSuccess || current != 0) {
    problems.push_back(absl::StrCat("the current device is ", current));
  }
  if (const cudaError_t pending = cudaGetLastError(); pending != cudaSuccess) {
    problems.push_back(absl::StrCat("pending error: ", cudaGetErrorName(pending)));
  }
  return problems;
}

}  // namespace metaconv
