// CudaStoragePath: the StoragePath for CUDA devices. Linking `//cuda` registers one. Use this header only in tests, or
// to create a path with other options.
//
// Example:
//   CudaStoragePath path(runtime);
//   absl::StatusOr<c10::Storage> storage = path.Allocate(c10::Device("cuda:0"), 4096);
//   absl::Status status = path.Zero({*storage});
//
// Allocate, Zero, Load, and Copy to a device return when their work was started on the caller's current streams; files
// and host memory were read completely by then. Copy to host memory and Checksums wait for their results.
//
// After an error other calls can be made, except for a device whose error says "context lost": each further call for it
// returns an error.
//
// Thread safety: Thread-safe; see StoragePath.
// Lifetime: the runtime must outlive the path; storages may outlive it. Pinned buffers are freed by the destructor,
// which waits for the work that uses them.

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
  // Pinned buffers that all calls share. There should be enough for some threads to fill a buffer while others are
  // transferred.
  int buffers = 8;
  std::int64_t buffer_size = std::int64_t{4} << 20;
  // Storages smaller than this are transferred together, in one buffer and one launch.
  std::int64_t small_size = std::int64_t{256} << 10;
  // The number of threads that read or write host memory in one call, including the calling thread.
  int threads = 4;
};

class CudaStoragePath final : public StoragePath {
 public:
  explicit CudaStoragePath(CudaRuntime& runtime, const CudaStoragePathOptions& options = {});

  absl::StatusOr<c10::Storage> Allocate(c10::Device device, std::int64_t size_bytes) override;
  absl::Status Zero(absl::Span<const c10::Storage> storages) override;
  absl::Status Copy(absl::Span<const StorageCopy> copies) override;
  using StoragePath::Load;
  absl::Status Load(absl::Span<const StorageLoad> loads, const LoadControl& control) override;
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
