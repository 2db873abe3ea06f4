// CpuStoragePath: the StoragePath for host memory.
//
// Memory comes from LibTorch's CPU allocator; for the placement of storages in it see Note [Placing storages]. Large
// amounts of work are distributed over as many threads as LibTorch uses. Linked into every program that allocates real
// storages.
//
// Thread safety: Thread-safe.
// Lifetime: stateless.

#ifndef METACONV_CONVERTER_CPU_STORAGE_PATH_H_
#define METACONV_CONVERTER_CPU_STORAGE_PATH_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Device.h"
#include "c10/core/Storage.h"
#include "converter/storage_path.h"

namespace metaconv {

class CpuStoragePath final : public StoragePath {
 public:
  absl::Status CheckRoom(c10::Device device, std::int64_t size_bytes) override;
  absl::StatusOr<c10::Storage> Allocate(c10::Device device, std::int64_t size_bytes) override;
  absl::Status AllocateAll(c10::Device device, absl::Span<const std::int64_t> sizes,
                           std::vector<c10::Storage>& storages) override;
  absl::Status Zero(absl::Span<const c10::Storage> storages) override;
  absl::Status Copy(absl::Span<const StorageCopy> copies) override;
  using StoragePath::Load;
  absl::Status Load(absl::Span<const StorageLoad> loads, const LoadControl& control) override;
  absl::StatusOr<std::vector<std::uint64_t>> Checksums(absl::Span<const c10::Storage> storages) override;
  absl::Status Wait(c10::Device) override { return absl::OkStatus(); }
};

}  // namespace metaconv

#endif  // METACONV_CONVERTER_CPU_STORAGE_PATH_H_
