// HostTransfer: transfers the bytes of many storages from files or host memory to devices, and from devices to host
// memory, through a ring of pinned buffers, on several threads. While one buffer is transferred, others are filled or
// emptied.
//
// Example:
//   HostTransfer transfer(runtime, ring, {.small_size = 256 << 10, .threads = 4});
//   absl::Status status = transfer.Upload({{.device_data = data, .size = size, .stream = stream, .read = read}});
//
// Error messages name the storages, the device and the byte range; errors of `read` are returned unchanged. After an
// error, work that was started before may still run on the items' streams.
//
// Thread safety: Thread-safe. Until a call returns, other threads than the calling one also start work on the items'
// streams.
// Lifetime: the runtime and the ring must outlive it.

#ifndef METACONV_CUDA_HOST_TRANSFER_H_
#define METACONV_CUDA_HOST_TRANSFER_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "c10/core/Stream.h"
#include "converter/storage_path.h"
#include "cuda/pinned_ring.h"
#include "cuda/runtime.h"
#include "cuda/transfer_plan.h"
#include "meta/meta_storage_desc.h"

namespace metaconv {

// A range of bytes on a device, and its source or destination.
struct HostTransferItem {
  char* device_data = nullptr;
  std::int64_t size = 0;
  c10::Stream stream;               // On the device; the work runs on it.
  MetaStorageId id = 0;             // For error messages.
  const ReadBytes* read = nullptr;  // Upload
  bool in_order = false;            // Upload: as in StorageLoad.
  char* host_data = nullptr;        // Download
};

class HostTransfer {
 public:
  struct Options {
    std::int64_t small_size;
    int threads;
  };

  HostTransfer(CudaRuntime& runtime, PinnedRing& ring, const Options& options)
      : runtime_(runtime), ring_(ring), options_(options) {}

  // Returns when all items were read and their transfers were started.
  absl::Status Upload(absl::Span<const HostTransferItem> items);

  // Returns when all items are in host memory.
  absl::Status Download(absl::Span<const HostTransferItem> items);

 private:
  using Items = absl::Span<const HostTransferItem>;

  absl::Status Run(Items items, absl::FunctionRef<absl::Status(const TransferBatch&, PinnedRing::Lease&)> transfer);
  absl::Status UploadPiece(Items items, const TransferPiece& piece, PinnedRing::Lease& lease);
  absl::Status UploadPacked(Items items, const TransferBatch& batch, PinnedRing::Lease& lease);
  absl::Status DownloadPiece(Items items, const TransferPiece& piece, PinnedRing::Lease& lease);
  absl::Status DownloadPacked(Items items, const TransferBatch& batch, PinnedRing::Lease& lease);

  CudaRuntime& runtime_;
  PinnedRing& ring_;
  const Options options_;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_HOST_TRANSFER_H_
