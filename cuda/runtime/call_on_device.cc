#include "cuda/runtime/call_on_device.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "c10/cuda/CUDAFunctions.h"
#include "cuda/runtime/cuda_devices.h"
#include "cuda/runtime/cuda_error.h"
#include "cuda/runtime/pending_error.h"
#include "cuda_runtime_api.h"
#include "meta/torch_status.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

// In this mode a call may be made although another thread captures in the global mode, which would forbid it, and
// invalidate the capture. Nothing becomes part of a graph by that: our calls are for streams that do not capture.
class RelaxedCaptures {
 public:
  RelaxedCaptures() : is_changed_(cudaThreadExchangeStreamCaptureMode(&mode_) == cudaSuccess) {}
  ~RelaxedCaptures() {
    if (is_changed_) static_cast<void>(cudaThreadExchangeStreamCaptureMode(&mode_));
  }
  RelaxedCaptures(const RelaxedCaptures&) = delete;
  RelaxedCaptures& operator=(const RelaxedCaptures&) = delete;

 private:
  cudaStreamCaptureMode mode_ = cudaStreamCaptureModeRelaxed;
  bool is_changed_;
};

// An exception of LibTorch for an error of CUDA gets the status of that error.
absl::Status CatchCuda(absl::FunctionRef<absl::Status()> call) {
  absl::Status status = CatchTorch("LibTorch", call);
  const std::optional<cudaError_t> error = CudaErrorOf(status);
  return error.has_value() ? CudaStatus(*error) : status;
}

absl::Status CallRelaxed(c10::Device device, absl::FunctionRef<absl::Status(c10::Device)> call) {
  const RelaxedCaptures mode;
  return CatchCuda([&] { return call(device); });
}

// Leaves `device` current.
absl::Status CallWithDevice(c10::Device device, absl::FunctionRef<absl::Status(c10::Device)> call) {
  absl::Status status = CatchCuda([&] { return CudaStatus(c10::cuda::SetDevice(device.index())); });
  return status.ok() ? CallRelaxed(device, call) : WithContext("cudaSetDevice", status);
}

// Note [Devices without a context]
// Since CUDA 12, cudaSetDevice creates the device's context, which takes hundreds of megabytes. If the previous device
// has none, LibTorch therefore notes it as the thread's current device and leaves ours current in CUDA; its functions
// and its next guard use the noted one. So does this function. Unlike LibTorch's guards, it prints nothing if the
// previous device has failed.
void PutBack(c10::DeviceIndex previous) {
  CatchCuda([&] { return CudaStatus(c10::cuda::MaybeSetDevice(previous)); }).IgnoreError();
}

absl::Status CallAndPutBack(c10::Device device, absl::FunctionRef<absl::Status(c10::Device)> call) {
  c10::DeviceIndex previous = -1;
  int in_cuda = -1;  // LibTorch may have noted another one.
  // If the current device has failed for good, CUDA may not say which one it is. Then this thread cannot change it.
  if (c10::cuda::GetDevice(&previous) != cudaSuccess || cudaGetDevice(&in_cuda) != cudaSuccess) {
    return CallOnOwnThread([&] { return CallWithDevice(device, call); });
  }
  if (previous == device.index() && in_cuda == device.index()) return CallRelaxed(device, call);
  absl::Status status = CallWithDevice(device, call);
  if (previous != device.index()) PutBack(previous);
  return status;
}

absl::StatusOr<c10::Device> CurrentDevice() {
  c10::DeviceIndex current = -1;
  const auto ask = [&] { return CudaStatus(c10::cuda::GetDevice(&current)); };
  // Only this thread knows its current device. Asking for it fails only if that device has failed for good.
  absl::Status status = cudaPeekAtLastError() != cudaSuccess ? ask() : KeepPendingError(ask);
  if (!status.ok()) return WithContext("cuda: cudaGetDevice", status);
  return c10::Device(c10::DeviceType::CUDA, current);
}

}  // namespace

absl::StatusOr<c10::Device> FindDevice(c10::Device device) {
  const absl::StatusOr<int> count = CountCudaDevices();
  if (!count.ok()) return WithContext(device.str(), count.status());
  if (*count == 0) {
    return absl::NotFoundError(
        absl::StrCat(device.str(), ": no such device; there are 0; CUDA_VISIBLE_DEVICES may hide devices"));
  }
  if (!device.is_cuda() || device.index() >= *count) {
    return absl::NotFoundError(absl::StrCat(device.str(), ": no such device; there are ", *count));
  }
  if (device.has_index()) return device;
  return CurrentDevice();
}

absl::Status CallOnDevice(std::string_view doing, c10::Device device,
                          absl::FunctionRef<absl::Status(c10::Device)> call) {
  const absl::StatusOr<c10::Device> found = FindDevice(device);
  if (!found.ok()) return found.status();
  absl::Status status = KeepPendingError([&] { return CallAndPutBack(*found, call); });
  return status.ok() ? status : WithContext(absl::StrCat(found->str(), ": ", std::string(doing)), status);
}

}  // namespace metaconv
