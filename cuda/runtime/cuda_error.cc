#include "cuda/runtime/cuda_error.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

struct Explanation {
  cudaError_t error;
  absl::StatusCode code;
  const char* text;
};

constexpr char kContextLost[] =
    "context lost: a fault ended all work and memory of the device in this process, and every later call for it fails; "
    "only a new process can use it";
constexpr char kCaptures[] = "a stream captures a graph; call again after the capture";
constexpr char kMps[] = "the service nvidia-cuda-mps-control has failed, or serves too many processes; try again later";

constexpr Explanation kExplanations[] = {
    // The texts of these are in Found().
    {cudaErrorInsufficientDriver, absl::StatusCode::kFailedPrecondition, ""},
    {cudaErrorNoKernelImageForDevice, absl::StatusCode::kUnimplemented, ""},
    // Another answer to a launch without code for the device.
    {cudaErrorInvalidDeviceFunction, absl::StatusCode::kUnimplemented, ""},
    {cudaErrorCallRequiresNewerDriver, absl::StatusCode::kFailedPrecondition, "update the NVIDIA driver"},
    {cudaErrorUnsupportedPtxVersion, absl::StatusCode::kFailedPrecondition, "update the NVIDIA driver"},
    {cudaErrorStubLibrary, absl::StatusCode::kFailedPrecondition,
     "found the libcuda.so.1 that is only for linking; remove its folder from LD_LIBRARY_PATH"},
    {cudaErrorSystemDriverMismatch, absl::StatusCode::kFailedPrecondition,
     "libcuda.so.1 and the driver's kernel module have different versions; restart the machine after a driver update, "
     "and use the driver's own libcuda.so.1 in containers"},
    {cudaErrorCompatNotSupportedOnDevice, absl::StatusCode::kFailedPrecondition,
     "the compatibility package's libcuda.so.1 does not support this device; remove its folder from LD_LIBRARY_PATH"},
    {cudaErrorInitializationError, absl::StatusCode::kFailedPrecondition,
     "the driver cannot be initialized; a child of fork() cannot use CUDA if its parent had used it before"},
    {cudaErrorNoDevice, absl::StatusCode::kNotFound, "CUDA_VISIBLE_DEVICES may hide devices"},
    {cudaErrorInvalidDevice, absl::StatusCode::kNotFound, ""},
    {cudaErrorSystemNotReady, absl::StatusCode::kUnavailable,
     "the machine's devices are not ready; machines with NVSwitch need the running service nvidia-fabricmanager; try "
     "again later"},
    {cudaErrorDevicesUnavailable, absl::StatusCode::kUnavailable,
     "another process uses the device exclusively, or its compute mode prohibits use (see nvidia-smi -q -d COMPUTE); "
     "try again later"},
    {cudaErrorMpsConnectionFailed, absl::StatusCode::kUnavailable, kMps},
    {cudaErrorMpsRpcFailure, absl::StatusCode::kUnavailable, kMps},
    {cudaErrorMpsServerNotReady, absl::StatusCode::kUnavailable, kMps},
    {cudaErrorMpsMaxClientsReached, absl::StatusCode::kUnavailable, kMps},
    {cudaErrorMpsMaxConnectionsReached, absl::StatusCode::kUnavailable, kMps},
    {cudaErrorMemoryAllocation, absl::StatusCode::kResourceExhausted, ""},
    {cudaErrorStreamCaptureUnsupported, absl::StatusCode::kFailedPrecondition, kCaptures},
    {cudaErrorStreamCaptureInvalidated, absl::StatusCode::kFailedPrecondition, kCaptures},
    {cudaErrorStreamCaptureImplicit, absl::StatusCode::kFailedPrecondition, kCaptures},
    {cudaErrorStreamCaptureWrongThread, absl::StatusCode::kFailedPrecondition, kCaptures},
    // Those that CUDA's documentation calls final for the process, and those of a context that no longer exists.
    {cudaErrorECCUncorrectable, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorNvlinkUncorrectable, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorContained, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorIllegalAddress, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorLaunchTimeout, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorContextIsDestroyed, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorAssert, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorHardwareStackError, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorIllegalInstruction, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorMisalignedAddress, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorInvalidAddressSpace, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorInvalidPc, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorLaunchFailure, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorTensorMemoryLeak, absl::StatusCode::kInternal, kContextLost},
    {cudaErrorMpsClientTerminated, absl::StatusCode::kInternal, kContextLost},
};

Explanation Explain(cudaError_t error) {
  for (const Explanation& explanation : kExplanations) {
    if (explanation.error == error) return explanation;
  }
  return {error, absl::StatusCode::kInternal, ""};
}

std::string Version(int version) { return absl::StrCat(version / 1000, ".", version % 1000 / 10); }

std::string FoundDriver() {
  int driver = 0, runtime = 0;
  if (cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0) return "there is no NVIDIA driver";
  if (driver == 0 || cudaRuntimeGetVersion(&runtime) != cudaSuccess) return "update the NVIDIA driver";
  return absl::StrCat("found a driver for CUDA ", Version(driver), ", expected one for CUDA ", Version(runtime),
                      "; update the NVIDIA driver");
}

std::string FoundDevice() {
  std::string found = "this device";
  int device = 0, major = 0, minor = 0;
  if (cudaGetDevice(&device) == cudaSuccess &&
      cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) == cudaSuccess &&
      cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device) == cudaSuccess) {
    absl::StrAppend(&found, ", of compute capability ", major, ".", minor);
  }
  return absl::StrCat("the kernels were not compiled for ", found,
                      "; build them with a CUDA toolkit that supports it, or use a device of 7.5 or later");
}

std::string Found(const Explanation& explanation) {
  switch (explanation.error) {
    case cudaErrorInsufficientDriver:
      return FoundDriver();
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidDeviceFunction:
      return FoundDevice();
    default:
      return explanation.text;
  }
}

}  // namespace

absl::Status CudaStatus(cudaError_t error) {
  if (error == cudaSuccess) return absl::OkStatus();
  const Explanation explanation = Explain(error);
  std::string message = absl::StrCat(cudaGetErrorName(error), ": ", cudaGetErrorString(error));
  const std::string found = Found(explanation);
  if (!found.empty()) absl::StrAppend(&message, "; ", found);
  return absl::Status(explanation.code, message);
}

std::optional<cudaError_t> CudaErrorOf(const absl::Status& status) {
  const auto code = status.GetPayload(kAcceleratorErrorCode);
  int error = 0;
  if (!code.has_value() || !absl::SimpleAtoi(std::string(*code), &error)) return std::nullopt;
  return static_cast<cudaError_t>(error);
}

}  // namespace metaconv
