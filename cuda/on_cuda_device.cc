#include "cuda/on_cuda_device.h"

#include "absl/strings/str_cat.h"
#include "c10/cuda/CUDAGuard.h"
#include "meta/torch_status.h"

namespace metaconv {

absl::Status OnCudaDevice(c10::Device device, absl::FunctionRef<absl::Status()> function) {
  return CatchTorch(absl::StrCat(device.str(), ": making it the current device"), [&] {
    const c10::cuda::CUDAGuard guard(device);
    return function();
  });
}

}  // namespace metaconv
