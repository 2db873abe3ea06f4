#include "cuda/runtime/pending_error.h"

#include <thread>

#include "cuda_runtime_api.h"
#include "meta/torch_status.h"

namespace metaconv {

absl::Status CallOnOwnThread(absl::FunctionRef<absl::Status()> call) {
  return CatchTorch("starting a thread", [&] {
    absl::Status status;
    std::thread([&] { status = call(); }).join();
    return status;
  });
}

absl::Status KeepPendingError(absl::FunctionRef<absl::Status()> call) {
  if (cudaPeekAtLastError() != cudaSuccess) return CallOnOwnThread(call);
  absl::Status status = call();
  // Other code must not take our error for one of its own.
  if (cudaPeekAtLastError() != cudaSuccess) static_cast<void>(cudaGetLastError());
  return status;
}

}  // namespace metaconv
