// PlanTransfers: how bytes of many storages go through buffers of one size. Large storages are cut into pieces that fill a
// buffer; many small ones share a buffer, and one table takes them apart on the device.
//
// Example:
//   for (const TransferTask& task : PlanTransfers(items, {.buffer_size = 4 << 20, .small_size = 256 << 10})) {
//     // Tasks in any order, on any thread.
//     for (const TransferBatch& batch : task) ...   // One buffer each, one after the other.
//   }
//
// Thread safety: a pure function.
// Lifetime: keeps nothing.

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
  bool in_order = false;  // Its pieces are one task's.
};

// A part of an item, and where it lies in the buffer.
struct TransferPiece {
  std::size_t item = 0;
  std::int64_t offset = 0;
  std::int64_t size = 0;
  std::int64_t place = 0;
};

// What shares a buffer. Either one piece of a large item, or any number of whole small ones, of one device, at places
// that are multiples of 16.
struct TransferBatch {
  std::vector<TransferPiece> pieces;
  bool is_packed = false;
  // The bytes of a packed buffer before its table, which has a Segment for each piece; a multiple of 16.
  std::int64_t table_place = 0;
};

using TransferTask = std::vector<TransferBatch>;

struct TransferLimits {
  std::int64_t buffer_size = 0;  // At least 256.
  std::int64_t small_size = 0;   // Items below it share buffers, if they fit.
};

// Tasks in the order of the items, but for small ones, which come when their buffer is full. Items without bytes have no
// piece. Offsets are multiples of StoragePath::kLoadAlignment.
std::vector<TransferTask> PlanTransfers(absl::Span<const TransferItem> items, const TransferLimits& limits);

// The bytes of a packed buffer, with its table.
std::int64_t PackedSize(const TransferBatch& batch);

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_PLAN_H_
