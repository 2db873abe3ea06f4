// HostTransferItem: one storage in a transfer between host and device; and functions for the batches of such a transfer,
// whose pieces refer to items.
//
// Example:
//   const HostTransferItem item = {.device_data = data, .size = size, .stream = stream, .read = &read};
//
// Thread safety: plain values and pure functions.
// Lifetime: the memory, the function and the open file that an item refers to must exist until the transfer has
// returned.

#ifndef METACONV_CUDA_TRANSFER_HOST_TRANSFER_ITEM_H_
#define METACONV_CUDA_TRANSFER_HOST_TRANSFER_ITEM_H_

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "c10/core/Stream.h"
#include "converter/storage_path.h"
#include "cuda/segments/segments.h"
#include "cuda/transfer/transfer_batch.h"
#include "meta/meta_storage_desc.h"

namespace metaconv {

// A range of bytes on a device, and its source or destination.
struct HostTransferItem {
  char* device_data = nullptr;
  std::int64_t size = 0;
  c10::Stream stream;    // On the device. Work on it that was started before precedes the transfer; later work follows.
  MetaStorageId id = 0;  // For error messages.

  // Upload: either `read`, with the properties that StorageLoad describes, or host memory.
  const ReadBytes* read = nullptr;
  bool in_order = false;
  std::optional<FilePlace> file = std::nullopt;
  const char* host_source = nullptr;

  char* host_data = nullptr;  // Download
};

// Adds the device, the storages and the byte range of `batch` to an error.
absl::Status LocateBatch(const absl::Status& status, absl::Span<const HostTransferItem> items,
                         const TransferBatch& batch);

// Writes the segment table of a packed batch into `buffer`, and returns it with the address that it has in the staging
// memory on the device. `make` returns the segment of a piece, given the addresses of the piece in its storage and in
// the staging memory.
SegmentTable WriteTable(absl::Span<const HostTransferItem> items, const TransferBatch& batch, char* buffer,
                        char* staging, absl::FunctionRef<Segment(char*, char*)> make);

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_HOST_TRANSFER_ITEM_H_
