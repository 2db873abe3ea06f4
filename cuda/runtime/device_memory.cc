#include "cuda/runtime/device_memory.h"

#include "absl/strings/str_cat.h"

namespace metaconv {

absl::StatusOr<c10::DataPtr> AllocateDeviceMemory(CudaRuntime& runtime, c10::Stream stream, std::int64_t size) {
  absl::StatusOr<c10::DataPtr> memory = runtime.Allocate(stream, size);
  if (memory.ok() || !absl::IsResourceExhausted(memory.status())) return memory;
  std::string free = "an unknown number of";
  std::string total = free;
  if (const absl::StatusOr<CudaMemoryInfo> info = runtime.MemoryInfo(stream.device()); info.ok()) {
    free = absl::StrCat(info->free_bytes);
    total = absl::StrCat(info->total_bytes);
  }
  return absl::ResourceExhaustedError(absl::StrCat(stream.device().str(), ": ", size, " bytes wanted, ", free, " of ",
                                                   total, " bytes free: ", memory.status().message()));
}

}  // namespace metaconv
