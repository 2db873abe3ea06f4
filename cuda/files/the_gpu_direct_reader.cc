#include "cuda/files/the_gpu_direct_reader.h"

#include "cuda/runtime/call_on_device.h"

namespace metaconv {
namespace {

absl::Status OnCudaDevice(c10::Device device, absl::FunctionRef<absl::Status()> function) {
  return CallOnDevice("GPUDirect Storage", device, [&](c10::Device) { return function(); });
}

}  // namespace

GpuDirectOptions TheGpuDirectOptions() { return {.use = GpuDirectUseFromEnvironment(), .on_device = OnCudaDevice}; }

GpuDirectFileReader& TheGpuDirectReader() {
  static GpuDirectFileReader& reader = *new GpuDirectFileReader(TheGpuDirectOptions());
  return reader;
}

}  // namespace metaconv
