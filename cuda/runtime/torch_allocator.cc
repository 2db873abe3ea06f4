#include "cuda/runtime/torch_allocator.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cuda/runtime/cuda_devices.h"
#include "cuda/runtime/cuda_error.h"
#include "meta/torch_status.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

using c10::cuda::CUDACachingAllocator::CUDAAllocator;

absl::Status Initialize() {
  CUDAAllocator* const allocator = c10::cuda::CUDACachingAllocator::get();
  if (allocator->initialized()) return absl::OkStatus();
  const absl::StatusOr<int> count = CountCudaDevices();
  if (!count.ok()) return count.status();
  absl::Status status = CatchTorch("LibTorch", [&] { allocator->init(*count); });
  if (status.ok()) return status;
  const std::optional<cudaError_t> error = CudaErrorOf(status);
  return WithContext("LibTorch's allocator could not be initialized, which is tried once in a process",
                     error.has_value() ? CudaStatus(*error) : status);
}

}  // namespace

absl::StatusOr<CUDAAllocator*> TorchAllocator() {
  static const absl::Status& status = *new absl::Status(Initialize());
  if (!status.ok()) return status;
  return c10::cuda::CUDACachingAllocator::get();
}

}  // namespace metaconv
