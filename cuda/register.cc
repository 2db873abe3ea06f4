// Linking this file registers a storage path for CUDA. Neither CUDA is initialized nor are its options read before the
// first call.

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Device.h"
#include "c10/core/DeviceType.h"
#include "c10/core/Storage.h"
#include "converter/storage_path.h"
#include "cuda/cuda_options.h"
#include "cuda/cuda_storage_path.h"
#include "cuda/files/the_gpu_direct_reader.h"
#include "cuda/runtime/cuda_runtime.h"

namespace metaconv {
namespace {

// Creates a CudaStoragePath at the first call.
class RegisteredPath final : public StoragePath {
 public:
  absl::Status CheckRoom(c10::Device device, std::int64_t size_bytes) override {
    return Path().CheckRoom(device, size_bytes);
  }
  absl::StatusOr<c10::Storage> Allocate(c10::Device device, std::int64_t size_bytes) override {
    return Path().Allocate(device, size_bytes);
  }
  absl::Status AllocateAll(c10::Device device, absl::Span<const std::int64_t> sizes,
                           std::vector<c10::Storage>& storages) override {
    return Path().AllocateAll(device, sizes, storages);
  }
  absl::Status Zero(absl::Span<const c10::Storage> storages) override { return Path().Zero(storages); }
  absl::Status Copy(absl::Span<const StorageCopy> copies) override { return Path().Copy(copies); }
  absl::Status Load(absl::Span<const StorageLoad> loads, const LoadControl& control) override {
    return Path().Load(loads, control);
  }
  absl::StatusOr<std::vector<std::uint64_t>> Checksums(absl::Span<const c10::Storage> storages) override {
    return Path().Checksums(storages);
  }
  absl::Status Wait(c10::Device device) override { return Path().Wait(device); }

 private:
  static StoragePath& Path() {
    static StoragePath& path =
        *new CudaStoragePath(TheCudaRuntime(), internal::UseCudaOptions(), &TheGpuDirectReader());
    return path;
  }
};

[[maybe_unused]] const bool is_registered =
    RegisterStoragePath(c10::DeviceType::CUDA, std::make_unique<RegisteredPath>());

}  // namespace
}  // namespace metaconv
