// PlanTransfers: plans how the bytes of many storages are transferred through buffers of a fixed size. Large storages
// are divided into pieces of the size of a buffer; small ones share a buffer, and a segment table distributes them on
// the device.
//
// Example:
//   for (const TransferTask& task : PlanTransfers(items, {.buffer_size = 4 << 20, .small_size = 256 << 10})) {
//     // Tasks may run in any order, on any thread.
//     for (const TransferBatch& batch : task) ...   // One buffer each, in this order.
//   }
//
// Thread safety: a pure function.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_CUDA_TRANSFER_PLAN_H_
#define METACONV_CUDA_TRANSFER_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "c10/core/Device.h"

namespace metaconv {

struct TransferItem {
  c10::DeviceIndex device = 0;
  std::int64_t size = 0;
  bool in_order = false;  // All pieces must be in one task.
};

// A part of an item, and its position in the buffer.
struct TransferPiece {
  std::size_t item = 0;
  std::int64_t offset = 0;
  std::int64_t size = 0;
  std::int64_t place = 0;
};

// The content of one buffer: either one piece of a large item, or any number of small items of one device, at positions
// that are multiples of 16.
struct TransferBatch {
  std::vector<TransferPiece> pieces;
  bool is_packed = false;
  // The size of the items in a packed buffer. Their segment table, with one Segment for each piece, follows. A multiple
  // of 16.
  std::int64_t table_place = 0;
};

using TransferTask = std::vector<TransferBatch>;

struct TransferLimits {
  std::int64_t buffer_size = 0;  // At least 256.
  std::int64_t small_size = 0;   // Items smaller than this share buffers if they fit.
};

// Returns tasks in the order of the items, except for small items, whose task comes when their buffer is full. Empty
// items have no piece. Offsets are multiples of StoragePath::kLoadAlignment.
std::vector<TransferTask> PlanTransfers(absl::Span<const TransferItem> items, const TransferLimits& limits);

// The size in bytes of the content of a packed buffer, including its table.
std::int64_t PackedSize(const TransferBatch& batch);

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_PLAN_H_
