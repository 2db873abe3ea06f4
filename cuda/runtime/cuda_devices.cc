#include "cuda/runtime/cuda_devices.h"

#include <pthread.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "c10/cuda/CUDAFunctions.h"
#include "cuda/runtime/cuda_error.h"
#include "cuda/runtime/pending_error.h"
#include "cuda/runtime/torch_device_guards.h"
#include "cuda_runtime_api.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

std::atomic<int> known_count = 0;

// The process that used CUDA, and whether this process is a child of it.
std::atomic<pid_t> user_of_cuda = 0;
std::atomic<bool> is_forked_child = false;

void WatchForForks() {
  static const bool is_watching = [] {
    user_of_cuda = getpid();
    return pthread_atfork(nullptr, nullptr, [] { is_forked_child = true; }) == 0;
  }();
  static_cast<void>(is_watching);
}

absl::StatusOr<int> Count() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorNoDevice) return 0;
  if (absl::Status status = CudaStatus(error); !status.ok()) return WithContext("cudaGetDeviceCount", status);
  if (count == 0) return 0;
  WatchForForks();
  // LibTorch remembers its first result, and that is 0 after an error.
  if (const int torch_count = c10::cuda::device_count(); torch_count != count) {
    return absl::FailedPreconditionError(
        absl::StrCat("expected ", count, " devices in LibTorch, found ", torch_count,
                     ": it keeps the number that it found first, when CUDA was not ready; restart the process"));
  }
  EnableTorchDeviceGuards();
  return count;
}

}  // namespace

absl::Status CheckCudaProcess() {
  if (!is_forked_child) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "this process was forked from process ", user_of_cuda.load(),
      ", which had used CUDA; CUDA works only in processes that start with exec, or that were forked before "
      "their parent used it"));
}

absl::StatusOr<int> CountCudaDevices() {
  if (absl::Status status = CheckCudaProcess(); !status.ok()) return status;
  if (const int known = known_count; known > 0) return known;
  int count = 0;
  absl::Status status = KeepPendingError([&] {
    const absl::StatusOr<int> counted = Count();
    if (counted.ok()) count = *counted;
    return counted.status();
  });
  if (!status.ok()) return status;
  if (count > 0) known_count = count;
  return count;
}

}  // namespace metaconv
