// Linking this file registers CudaStoragePath as the storage path for CUDA. CUDA is not initialized before the first
// call.

#include <memory>

#include "c10/core/DeviceType.h"
#include "converter/storage_path.h"
#include "cuda/cuda_runtime.h"
#include "cuda/cuda_storage_path.h"

namespace metaconv {
namespace {

[[maybe_unused]] const bool is_registered =
    RegisterStoragePath(c10::DeviceType::CUDA, std::make_unique<CudaStoragePath>(TheCudaRuntime()));

}  // namespace
}  // namespace metaconv
