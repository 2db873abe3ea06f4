// HostTransfer: transfers the bytes of many storages from files or host memory to devices, and from devices to host
// memory, through a ring of pinned buffers, on several threads. While one buffer is transferred, others are filled or
// emptied. Host memory that is pinned is transferred without a buffer.
//
// Example:
//   HostTransfer transfer(runtime, ring, {.small_size = 256 << 10, .threads = 8});
//   absl::Status status = transfer.Upload({{.device_data = data, .size = size, .stream = stream, .read = read}});
//
// Error messages name the storages, the device and the byte range; errors of `read` are returned unchanged. After an
// error, work that was started before may still run on the items' streams.
//
// Thread safety: Thread-safe. Until a call returns, other threads than the calling one also start work on the items'
// streams.
// Lifetime: the runtime, the ring and the reader must outlive it.

#ifndef METACONV_CUDA_TRANSFER_HOST_TRANSFER_H_
#define METACONV_CUDA_TRANSFER_HOST_TRANSFER_H_

#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "converter/storage_path.h"
#include "cuda/files/device_file.h"
#include "cuda/runtime/runtime.h"
#include "cuda/transfer/host_transfer_item.h"
#include "cuda/transfer/pinned_ring.h"
#include "cuda/transfer/transfer_batch.h"
#include "cuda/transfer/upload_call.h"
#include "cuda/transfer/upload_streams.h"

namespace metaconv {

class HostTransfer {
 public:
  struct Options {
    std::int64_t small_size = 0;  // Items smaller than this are transferred together.
    int threads = 1;
    // Files from which a call loads at least so many bytes are read with direct I/O, and by `device_reader`.
    std::int64_t direct_io_size = std::numeric_limits<std::int64_t>::max();
    DeviceFileReader* device_reader = nullptr;
  };

  HostTransfer(CudaRuntime& runtime, PinnedRing& ring, const Options& options);

  // Returns when all items were read and their transfers were started. See LoadControl for `control`.
  absl::Status Upload(absl::Span<const HostTransferItem> items, const LoadControl& control = {});

  // Returns when all items are in host memory.
  absl::Status Download(absl::Span<const HostTransferItem> items);

 private:
  using Items = absl::Span<const HostTransferItem>;

  absl::Status DownloadBatch(Items items, const TransferBatch& batch);
  absl::Status DownloadPiece(Items items, const TransferPiece& piece, PinnedRing::Lease& lease);
  absl::Status DownloadPacked(Items items, const TransferBatch& batch, PinnedRing::Lease& lease);

  CudaRuntime& runtime_;
  PinnedRing& ring_;
  UploadStreams streams_;
  const UploadContext context_;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_HOST_TRANSFER_H_
