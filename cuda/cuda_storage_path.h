// CudaStoragePath: the StoragePath for CUDA devices. Linking `//cuda` registers one, whose options cuda_options.h sets.
// Use this header only in tests.
//
// Example:
//   CudaStoragePath path(runtime);
//   absl::StatusOr<c10::Storage> storage = path.Allocate(c10::Device("cuda:0"), 4096);
//   absl::Status status = path.Zero({*storage});
//
// Allocate, Zero, Load, and Copy to a device return when their work was started on the caller's current streams; files
// and host memory were read completely by then. Copy to host memory and Checksums wait for their results.
//
// Zero and copies within and between devices never wait for a device. Bytes that Load and Copy transfer from the host are
// in pinned buffers until the device has read them: when all buffers of a device are in use, these calls wait for the
// device.
//
// After an error other calls can be made, except for a device whose error says "context lost": each further call for it
// returns an error.
//
// Thread safety: Thread-safe; see StoragePath.
// Lifetime: the runtime and the reader must outlive the path; storages may outlive it. Pinned buffers are freed by the
// destructor, which waits for the work that uses them.

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
#include "cuda/cuda_options.h"
#include "cuda/files/device_file.h"
#include "cuda/runtime/runtime.h"
#include "cuda/transfer/host_transfer.h"
#include "cuda/transfer/peer_transfer.h"
#include "cuda/transfer/pinned_ring.h"
#include "cuda/transfer/segment_launcher.h"

namespace metaconv {

class CudaStoragePath final : public StoragePath {
 public:
  // `device_reader` may be null.
  explicit CudaStoragePath(CudaRuntime& runtime, const CudaStoragePathOptions& options = {},
                           DeviceFileReader* device_reader = nullptr);

  // Refuses what does not fit into the memory that is free or cached by the allocator. What it does not refuse may still
  // not fit, since memory is rounded up and fragmented.
  absl::Status CheckRoom(c10::Device device, std::int64_t size_bytes) override;
  absl::StatusOr<c10::Storage> Allocate(c10::Device device, std::int64_t size_bytes) override;
  absl::Status AllocateAll(c10::Device device, absl::Span<const std::int64_t> sizes,
                           std::vector<c10::Storage>& storages) override;
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
  PeerTransfer peers_;
  HostTransfer transfer_;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_CUDA_STORAGE_PATH_H_
