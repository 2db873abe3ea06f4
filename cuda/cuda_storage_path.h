// CudaStoragePath: the StoragePath of CUDA devices. Linking `//cuda` registers one; this header is for tests and for those
// who want other buffers.
//
// Example:
//   CudaStoragePath path(runtime);
//   absl::StatusOr<c10::Storage> storage = path.Allocate(c10::Device("cuda:0"), 4096);
//   absl::Status status = path.Zero({*storage});
//
// Allocate, Zero, Load, and Copy between devices or to them return as soon as the work is begun on the caller's current
// streams, and files and host memory are read by then. Copy to host memory and Checksums wait for their result.
//
// Thread safety: Thread-safe, as StoragePath says.
// Lifetime: the runtime outlives it; storages do not need it. Its pinned buffers are kept until it is destroyed, which waits
// for the work that uses them.

#ifndef METACONV_CUDA_CUDA_STORAGE_PATH_H_
#define METACONV_CUDA_CUDA_STORAGE_PATH_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Device.h"
#include "c10/core/Storage.h"
#include "converter/storage_path.h"
#include "cuda/host_transfer.h"
#include "cuda/pinned_ring.h"
#include "cuda/runtime.h"
#include "cuda/segment_launcher.h"

namespace metaconv {

struct CudaStoragePathOptions {
  // Pinned memory that all calls share: enough for some threads to fill a buffer while others are on their way.
  int buffers = 8;
  std::int64_t buffer_size = std::int64_t{4} << 20;
  // Storages below it share a buffer, and a launch, with others.
  std::int64_t small_size = std::int64_t{256} << 10;
  // That read or write host memory in a call, the caller's among them.
  int threads = 4;
};

class CudaStoragePath final : public StoragePath {
 public:
  explicit CudaStoragePath(CudaRuntime& runtime, const CudaStoragePathOptions& options = {});

  absl::StatusOr<c10::Storage> Allocate(c10::Device device, std::int64_t size_bytes) override;
  absl::Status Zero(absl::Span<const c10::Storage> storages) override;
  absl::Status Copy(absl::Span<const StorageCopy> copies) override;
  absl::Status Load(absl::Span<const StorageLoad> loads) override;
  absl::StatusOr<std::vector<std::uint64_t>> Checksums(absl::Span<const c10::Storage> storages) override;
  absl::Status Wait(c10::Device device) override;

 private:
  CudaRuntime& runtime_;
  PinnedRing ring_;
  SegmentLauncher launcher_;
  HostTransfer transfer_;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_CUDA_STORAGE_PATH_H_
