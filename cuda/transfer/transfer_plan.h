// PlanTransfers: plans how the bytes of many storages are transferred through buffers of a fixed size. Large storages
// are divided into pieces of the size of a buffer; small ones share a buffer, and a segment table distributes them on
// the device.
//
// Storages whose bytes lie in a file are planned by ranges of the file: a buffer holds the bytes of one range, whichever
// storages they belong to, so that 100,000 storages of 1 KiB are 25 reads of 4 MiB.
//
// Example:
//   for (const TransferTask& task : PlanTransfers(items, {.buffer_size = 4 << 20, .small_size = 256 << 10})) {
//     // Tasks may run in any order, on any thread.
//     for (const TransferBatch& batch : task) ...   // One buffer each, in this order.
//   }
//
// Thread safety: a pure function.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_CUDA_TRANSFER_TRANSFER_PLAN_H_
#define METACONV_CUDA_TRANSFER_TRANSFER_PLAN_H_

#include <vector>

#include "absl/types/span.h"
#include "cuda/transfer/transfer_batch.h"

namespace metaconv {

// Returns tasks in the order of the items, with these exceptions: the task of small items comes when their buffer is
// full; items in files come last, in the order of each file; and tasks of several devices take turns, so that all
// devices have work. Empty items have no piece. The offsets of pieces are multiples of StoragePath::kLoadAlignment.
std::vector<TransferTask> PlanTransfers(absl::Span<const TransferItem> items, const TransferLimits& limits);

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_TRANSFER_PLAN_H_
