#include "tests/cuda/fake_cudart/devices.h"

#include <cstdio>

#include "tests/cuda/fake_cudart/call.h"

namespace metaconv::fake_cudart {
namespace {

thread_local int current_device = 0;

constexpr int kRuntimeVersion = 13000;

}  // namespace

bool Exists(StateLock& state, int device) { return device >= 0 && device < state->options.devices; }

int CurrentDevice() { return current_device; }

void SetCurrentDevice(int device) { current_device = device; }

cudaError_t UseContext(StateLock& state, int device) {
  Device& used = state->devices[device];
  if (!used.has_context) {
    if (state->options.context_error != cudaSuccess) return state->options.context_error;
    used.has_context = true;
  }
  return used.fault;
}

void Fail(StateLock& state, int device, cudaError_t error) {
  state->devices[device].fault = error;
  WakeStreams(state, device);
}

extern "C" {

cudaError_t cudaDriverGetVersion(int* version) {
  return RunCall("cudaDriverGetVersion", Needs::kNothing, [&](StateLock& state) {
    *version = state->options.driver_version;
    return cudaSuccess;
  });
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  return RunCall("cudaRuntimeGetVersion", Needs::kNothing, [&](StateLock&) {
    *version = kRuntimeVersion;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 0;
  return RunCall("cudaGetDeviceCount", Needs::kDevices, [&](StateLock& state) {
    *count = state->options.devices;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDevice(int* device) {
  return RunCall("cudaGetDevice", Needs::kDevices, [&](StateLock&) {
    *device = current_device;
    return cudaSuccess;
  });
}

// Since CUDA 12 it also creates the context. An existing context is not used, so its fault is not reported.
cudaError_t cudaSetDevice(int device) {
  return RunCall("cudaSetDevice", Needs::kDevices, [&](StateLock& state) {
    if (!Exists(state, device)) return cudaErrorInvalidDevice;
    const cudaError_t error = UseContext(state, device);
    if (state->devices[device].has_context) current_device = device;
    return state->devices[device].has_context ? cudaSuccess : error;
  });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return RunCall("cudaGetDeviceProperties", Needs::kDevices, [&](StateLock& state) {
    if (!Exists(state, device)) return cudaErrorInvalidDevice;
    *properties = cudaDeviceProp{};
    std::snprintf(properties->name, sizeof(properties->name), "stand-in %d", device);
    properties->totalGlobalMem = state->options.memory_per_device;
    properties->major = 9;
    properties->multiProcessorCount = 4;
    properties->warpSize = 32;
    properties->maxThreadsPerBlock = 1024;
    properties->maxThreadsPerMultiProcessor = 2048;
    properties->unifiedAddressing = 1;
    properties->canMapHostMemory = 1;
    properties->pciBusID = device + 1;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  return RunCall("cudaDeviceGetAttribute", Needs::kDevices, [&](StateLock& state) {
    if (!Exists(state, device)) return cudaErrorInvalidDevice;
    switch (attribute) {
      case cudaDevAttrComputeCapabilityMajor:
        *value = 9;
        return cudaSuccess;
      case cudaDevAttrComputeCapabilityMinor:
        *value = 0;
        return cudaSuccess;
      case cudaDevAttrMultiProcessorCount:
        *value = 4;
        return cudaSuccess;
      case cudaDevAttrUnifiedAddressing:
        *value = 1;
        return cudaSuccess;
      default:
        return cudaErrorNotSupported;
    }
  });
}

cudaError_t cudaDeviceCanAccessPeer(int* can_access, int device, int peer) {
  return RunCall("cudaDeviceCanAccessPeer", Needs::kDevices, [&](StateLock& state) {
    if (!Exists(state, device) || !Exists(state, peer)) return cudaErrorInvalidDevice;
    *can_access = device != peer && state->options.can_access_peers;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned int flags) {
  return RunCall("cudaDeviceEnablePeerAccess", Needs::kContext, [&](StateLock& state) {
    if (flags != 0) return cudaErrorInvalidValue;
    if (!Exists(state, peer) || peer == current_device) return cudaErrorInvalidDevice;
    if (!state->options.can_access_peers) return cudaErrorPeerAccessUnsupported;
    if (const cudaError_t error = UseContext(state, peer); error != cudaSuccess) return error;
    return state->devices[current_device].peers.insert(peer).second ? cudaSuccess : cudaErrorPeerAccessAlreadyEnabled;
  });
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  return RunCall("cudaDeviceGetStreamPriorityRange", Needs::kContext, [&](StateLock&) {
    if (least != nullptr) *least = 0;
    if (greatest != nullptr) *greatest = -5;
    return cudaSuccess;
  });
}

}  // extern "C"

}  // namespace metaconv::fake_cudart
