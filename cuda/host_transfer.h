// HostTransfer: bytes of many storages from files or host memory to devices, and back to host memory, through a ring of
// pinned buffers and with several threads. While one buffer is on its way, others are filled or emptied.
//
// Example:
//   HostTransfer transfer(runtime, ring, {.small_size = 256 << 10, .threads = 4});
//   absl::Status status = transfer.Upload({{.device_data = data, .size = size, .stream = stream, .read = read}});
//
// Errors name the storages, the device and the bytes; those of `read` are returned as they are. Whatever was begun before
// an error may still be going on on the items' streams.
//
// Thread safety: Thread-safe. Work is begun on the items' streams from other threads than the caller's, until the call
// returns.
// Lifetime: the runtime and the ring outlive it.

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

// A run of bytes on a device, and where they come from or go to.
struct HostTransferItem {
  char* device_data = nullptr;
  std::int64_t size = 0;
  c10::Stream stream;               // Of the device: where the work is begun.
  MetaStorageId id = 0;             // For messages.
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

  // Everything is read when it returns, and on its way to the device.
  absl::Status Upload(absl::Span<const HostTransferItem> items);

  // Everything is in host memory when it returns.
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
