// TransferBatch: the content of one buffer in a transfer of many storages, as PlanTransfers plans it.
//
// Example:
//   for (const TransferPiece& piece : batch.pieces) Send(items[piece.item], piece.offset, buffer + piece.place, piece.size);
//
// Thread safety: plain values.
// Lifetime: independent of the items.

#ifndef METACONV_CUDA_TRANSFER_TRANSFER_BATCH_H_
#define METACONV_CUDA_TRANSFER_TRANSFER_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "c10/core/Device.h"
#include "converter/storage_path.h"
#include "cuda/segments/segments.h"

namespace metaconv {

struct TransferItem {
  c10::DeviceIndex device = 0;
  std::int64_t size = 0;
  bool in_order = false;   // All pieces must be in one task.
  bool is_pinned = false;  // The item is transferred as a whole, without a buffer.
  // Where its bytes begin in a file. Not used if the item is in order or pinned.
  std::optional<FilePlace> file = std::nullopt;
};

// A part of an item, and its position in the buffer.
struct TransferPiece {
  std::size_t item = 0;
  std::int64_t offset = 0;
  std::int64_t size = 0;
  std::int64_t place = 0;
};

// Bytes of a file, of which the buffer holds a copy.
struct FileRange {
  int descriptor = -1;
  std::int64_t offset = 0;  // A multiple of DirectFile::kBlockSize, and the first byte in the buffer.
  std::int64_t size = 0;    // The buffer has room for whole blocks.
};

// The content of one buffer, all for one device.
struct TransferBatch {
  // Either one piece, or several small ones at positions that are multiples of 16, or any number of pieces in a file
  // range, which may overlap where the items do.
  std::vector<TransferPiece> pieces;
  // Whether the pieces are transferred together, and a segment table distributes them. Otherwise each is transferred on
  // its own.
  bool is_packed = false;
  // The position of the segment table, with one Segment for each piece, in a packed buffer. A multiple of 16.
  std::int64_t table_place = 0;
  std::optional<FileRange> file = std::nullopt;
  // The only piece is a whole item, which is transferred without a buffer.
  bool is_pinned = false;
};

using TransferTask = std::vector<TransferBatch>;

struct TransferLimits {
  std::int64_t buffer_size = 0;  // At least 256. Below two blocks of DirectFile, file ranges are not used.
  std::int64_t small_size = 0;   // Items smaller than this share buffers if they fit.
};

// The number of bytes of items in the batch.
inline std::int64_t SizeOfPieces(const TransferBatch& batch) {
  std::int64_t size = 0;
  for (const TransferPiece& piece : batch.pieces) size += piece.size;
  return size;
}

// The size in bytes of the content of a packed buffer, including its table.
inline std::int64_t PackedSize(const TransferBatch& batch) {
  return batch.table_place + static_cast<std::int64_t>(batch.pieces.size() * sizeof(Segment));
}

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_TRANSFER_BATCH_H_
