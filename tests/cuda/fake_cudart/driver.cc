// cudaGetDriverEntryPointByVersion, and the functions of the driver that it hands out.

#include <cstring>
#include <iterator>

#include "cuda.h"
#include "tests/cuda/fake_cudart/call.h"

namespace metaconv::fake_cudart {
namespace {

CUresult PrimaryContextState(CUdevice device, unsigned int* flags, int* is_active) {
  StateLock state;
  if (!Exists(state, device)) return CUDA_ERROR_INVALID_DEVICE;
  *flags = 0;
  *is_active = state->devices[device].has_context;
  return CUDA_SUCCESS;
}

// The codes of the driver and of the runtime are the same for the errors that both have.
CUresult ErrorString(CUresult error, const char** text) {
  *text = TextOf(static_cast<cudaError_t>(error));
  return CUDA_SUCCESS;
}
CUresult ErrorName(CUresult error, const char** name) {
  *name = NameOf(static_cast<cudaError_t>(error));
  return CUDA_SUCCESS;
}

CUresult GetDevice(CUdevice* device, int ordinal) {
  StateLock state;
  if (!Exists(state, ordinal)) return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult NotSupported() { return CUDA_ERROR_NOT_SUPPORTED; }

struct EntryPoint {
  const char* name;
  void* function;
};

template <typename Function>
void* Pointer(Function* function) {
  return reinterpret_cast<void*>(function);
}

const EntryPoint kEntryPoints[] = {
    {"cuDevicePrimaryCtxGetState", Pointer(PrimaryContextState)},
    {"cuGetErrorString", Pointer(ErrorString)},
    {"cuGetErrorName", Pointer(ErrorName)},
    {"cuDeviceGet", Pointer(GetDevice)},
};

// LibTorch looks these up together with the others, for features that are off by default.
constexpr const char* kNotSupported[] = {
    "cuDeviceGetAttribute",
    "cuMemGetAddressRange",
    "cuMemAddressReserve",
    "cuMemRelease",
    "cuMemMap",
    "cuMemAddressFree",
    "cuMemSetAccess",
    "cuMemUnmap",
    "cuMemCreate",
    "cuMemGetAllocationGranularity",
    "cuMemExportToShareableHandle",
    "cuMemImportFromShareableHandle",
    "cuMemRetainAllocationHandle",
    "cuMemGetAllocationPropertiesFromHandle",
    "cuMemsetD32Async",
    "cuStreamWriteValue32",
};

void* FindEntryPoint(const char* name) {
  for (const EntryPoint& entry : kEntryPoints) {
    if (std::strcmp(entry.name, name) == 0) return entry.function;
  }
  for (const char* entry : kNotSupported) {
    if (std::strcmp(entry, name) == 0) return Pointer(NotSupported);
  }
  return nullptr;
}

}  // namespace

extern "C" {

cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned int, unsigned long long,
                                             cudaDriverEntryPointQueryResult* result) {
  return RunCall("cudaGetDriverEntryPointByVersion", Needs::kDriver, [&](StateLock&) {
    *function = FindEntryPoint(name);
    if (result != nullptr) {
      *result = *function != nullptr ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
    }
    return cudaSuccess;
  });
}

}  // extern "C"

}  // namespace metaconv::fake_cudart
