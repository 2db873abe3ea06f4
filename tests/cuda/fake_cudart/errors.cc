#include "tests/cuda/fake_cudart/errors.h"

#include <cstdio>
#include <cstdlib>

#include "cuda_runtime_api.h"

namespace metaconv::fake_cudart {
namespace {

struct Entry {
  cudaError_t error;
  const char* name;
  const char* text;
};

// The errors that the stand-in returns, and those that tests inject. The texts are our own.
constexpr Entry kErrors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorInvalidMemcpyDirection, "cudaErrorInvalidMemcpyDirection", "invalid direction of a copy"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver", "the driver is missing or too old for this runtime"},
    {cudaErrorStubLibrary, "cudaErrorStubLibrary", "the driver is a stub library"},
    {cudaErrorInvalidDeviceFunction, "cudaErrorInvalidDeviceFunction", "invalid device function"},
    {cudaErrorDevicesUnavailable, "cudaErrorDevicesUnavailable", "devices are busy or unavailable"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA device was found"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device number"},
    {cudaErrorECCUncorrectable, "cudaErrorECCUncorrectable", "uncorrectable ECC error"},
    {cudaErrorHostMemoryAlreadyRegistered, "cudaErrorHostMemoryAlreadyRegistered", "host memory is already registered"},
    {cudaErrorHostMemoryNotRegistered, "cudaErrorHostMemoryNotRegistered", "host memory is not registered"},
    {cudaErrorNoKernelImageForDevice, "cudaErrorNoKernelImageForDevice", "no kernel image for this device"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorIllegalState, "cudaErrorIllegalState", "not permitted in this state"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorPeerAccessAlreadyEnabled, "cudaErrorPeerAccessAlreadyEnabled", "peer access is already enabled"},
    {cudaErrorPeerAccessUnsupported, "cudaErrorPeerAccessUnsupported", "peer access is not supported"},
    {cudaErrorAssert, "cudaErrorAssert", "a device assertion failed"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
    {cudaErrorSystemNotReady, "cudaErrorSystemNotReady", "system not yet initialized"},
    {cudaErrorSystemDriverMismatch, "cudaErrorSystemDriverMismatch", "the driver's parts have different versions"},
    {cudaErrorCompatNotSupportedOnDevice, "cudaErrorCompatNotSupportedOnDevice",
     "this device does not support forward compatibility"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
     "not permitted while a stream is captured"},
    {cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated", "an earlier error ended the capture"},
    {cudaErrorStreamCaptureUnmatched, "cudaErrorStreamCaptureUnmatched", "the capture began on another stream"},
    {cudaErrorStreamCaptureIsolation, "cudaErrorStreamCaptureIsolation", "dependency on work outside of the capture"},
    {cudaErrorStreamCaptureImplicit, "cudaErrorStreamCaptureImplicit", "implicit dependency on a captured stream"},
    {cudaErrorCapturedEvent, "cudaErrorCapturedEvent", "the event was recorded in a capture"},
    {cudaErrorStreamCaptureWrongThread, "cudaErrorStreamCaptureWrongThread", "another thread began the capture"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

const Entry* Find(cudaError_t error) {
  for (const Entry& entry : kErrors) {
    if (entry.error == error) return &entry;
  }
  return nullptr;
}

thread_local cudaError_t pending = cudaSuccess;

}  // namespace

cudaError_t Pending(cudaError_t error) {
  if (error != cudaSuccess) pending = error;
  return error;
}

const char* NameOf(cudaError_t error) {
  const Entry* entry = Find(error);
  return entry != nullptr ? entry->name : "unrecognized error code";
}

const char* TextOf(cudaError_t error) {
  const Entry* entry = Find(error);
  return entry != nullptr ? entry->text : "unrecognized error code";
}

cudaError_t ErrorOfName(std::string_view name) {
  for (const Entry& entry : kErrors) {
    if (entry.name == name) return entry.error;
  }
  std::fprintf(stderr, "expected the name of a cudaError_t that the stand-in knows, found %.*s\n",
               static_cast<int>(name.size()), name.data());
  std::abort();
}

extern "C" {

cudaError_t cudaGetLastError() {
  const cudaError_t error = pending;
  pending = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() { return pending; }

const char* cudaGetErrorName(cudaError_t error) { return NameOf(error); }

const char* cudaGetErrorString(cudaError_t error) { return TextOf(error); }

}  // extern "C"

}  // namespace metaconv::fake_cudart
