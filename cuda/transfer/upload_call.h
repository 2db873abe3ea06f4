// UploadCall: one transfer of many storages from files or host memory to devices. Used by HostTransfer.
//
// A batch is read into a pinned buffer, and copied from there either to its storages, or to staging memory and from there
// by a kernel. The copies of each device run on streams of their own: these wait for the caller's stream at the
// beginning, and the caller's stream waits for them at the end. An upload of a single batch uses the caller's stream.
//
// Example:
//   absl::Status status = UploadCall(context, items, control).Run();
//
// Thread safety: one thread calls Run, which uses several.
// Lifetime: the context, the items and the control must outlive it.

#ifndef METACONV_CUDA_TRANSFER_UPLOAD_CALL_H_
#define METACONV_CUDA_TRANSFER_UPLOAD_CALL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "converter/load_progress.h"
#include "converter/storage_path.h"
#include "cuda/files/device_file.h"
#include "cuda/files/direct_file.h"
#include "cuda/runtime/runtime.h"
#include "cuda/transfer/host_transfer_item.h"
#include "cuda/transfer/pinned_ring.h"
#include "cuda/transfer/transfer_batch.h"
#include "cuda/transfer/upload_streams.h"

namespace metaconv {

// What all uploads share.
struct UploadContext {
  CudaRuntime& runtime;
  PinnedRing& ring;
  UploadStreams& streams;
  std::int64_t small_size;
  int threads;
  // Files from which at least so many bytes are loaded are read with direct I/O, and by `device_reader`.
  std::int64_t direct_io_size;
  DeviceFileReader* device_reader;  // May be null.
};

class UploadCall {
 public:
  UploadCall(const UploadContext& context, absl::Span<const HostTransferItem> items, const LoadControl& control);

  // Returns when all items were read and their transfers were started. After an error, the transfers are done.
  absl::Status Run();

 private:
  // A device, and the streams of the upload.
  struct Device {
    explicit Device(c10::Stream stream) : caller(stream) {}

    c10::Stream caller;
    std::vector<c10::Stream> streams;
    std::atomic<std::size_t> batches = 0;  // The number of batches that have a stream.
    bool has_pinned = false;               // Whether some host memory is transferred without a buffer.
  };

  // An open file.
  struct SourceFile {
    SourceFile(int descriptor, bool direct_io) : direct(descriptor, direct_io) {}

    DirectFile direct;
    std::map<c10::DeviceIndex, std::unique_ptr<DeviceFile>> devices;  // Without those that cannot read it.
  };

  absl::StatusOr<std::vector<TransferTask>> Plan();
  void OpenFiles();
  absl::Status Begin(Device& device, bool is_single);
  absl::Status Finish(Device& device);
  bool IsReadByDevice(c10::DeviceIndex index) const;

  absl::Status Transfer(const TransferBatch& batch);
  absl::Status TransferPinned(const TransferPiece& piece, c10::Stream stream);
  absl::Status TransferBuffer(const TransferBatch& batch, c10::Stream stream);
  // Reads the pieces of a large range directly into their storages. Returns whether that was possible.
  bool ReadIntoDevice(const TransferBatch& batch) const;
  absl::Status ReadIntoBuffer(const TransferBatch& batch, char* buffer) const;
  absl::Status SendPieces(const TransferBatch& batch, const char* buffer, c10::Stream stream);
  absl::Status SendPacked(const TransferBatch& batch, char* buffer, c10::Stream stream);

  Device& DeviceOf(const TransferBatch& batch) { return devices_.at(IndexOf(batch)); }
  c10::DeviceIndex IndexOf(const TransferBatch& batch) const {
    return items_[batch.pieces.front().item].stream.device_index();
  }

  const UploadContext& context_;
  CudaRuntime& runtime_;
  const absl::Span<const HostTransferItem> items_;
  LoadProgress progress_;
  std::map<c10::DeviceIndex, Device> devices_;
  std::map<int, SourceFile> files_;  // By descriptor.
};

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_UPLOAD_CALL_H_
