#include "cuda/runtime/torch_device_guards.h"

#include <atomic>

#include "c10/core/Device.h"
#include "c10/cuda/CUDAFunctions.h"
#include "c10/cuda/CUDAMacros.h"
#include "cuda.h"
#include "cuda_runtime_api.h"
#include "meta/torch_status.h"

// LibTorch declares it only in libtorch_cuda, which uses it.
namespace c10::cuda::_internal {
C10_CUDA_API void setHasPrimaryContext(bool (*function)(c10::DeviceIndex));
}  // namespace c10::cuda::_internal

namespace metaconv {
namespace {

using GetState = decltype(&cuDevicePrimaryCtxGetState);

// From the driver that the runtime has loaded: nothing links libcuda, which machines without a driver do not have.
GetState FindGetState() {
  constexpr char kName[] = "cuDevicePrimaryCtxGetState";
  void* found = nullptr;
  cudaDriverEntryPointQueryResult result = cudaDriverEntryPointSymbolNotFound;
#if CUDART_VERSION >= 12050
  const cudaError_t error = cudaGetDriverEntryPointByVersion(kName, &found, 7000, cudaEnableDefault, &result);
#else
  const cudaError_t error = cudaGetDriverEntryPoint(kName, &found, cudaEnableDefault, &result);
#endif
  return error == cudaSuccess && result == cudaDriverEntryPointSuccess ? reinterpret_cast<GetState>(found) : nullptr;
}

std::atomic<GetState> get_state = nullptr;

// Devices have the same numbers in the driver as in the runtime.
bool HasPrimaryContext(c10::DeviceIndex device) {
  const GetState get = get_state;
  // Without an answer, a guard should put its previous device back, even if that creates a context.
  if (get == nullptr) return true;
  unsigned int flags = 0;
  int is_active = 0;
  return get(device, &flags, &is_active) == CUDA_SUCCESS && is_active != 0;
}

}  // namespace

void EnableTorchDeviceGuards() {
  static const bool is_done = [] {
    const bool is_usable =
        CatchTorch("hasPrimaryContext", [] { static_cast<void>(c10::cuda::hasPrimaryContext(0)); }).ok();
    if (is_usable) return true;
    get_state = FindGetState();
    c10::cuda::_internal::setHasPrimaryContext(&HasPrimaryContext);
    return true;
  }();
  static_cast<void>(is_done);
}

}  // namespace metaconv
