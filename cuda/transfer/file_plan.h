// FilePlan: plans the transfers of storages whose bytes lie in files, by ranges of the files. Used by PlanTransfers.
//
// Storages that follow each other, with small gaps, are in one range, which is read at once; a storage that is larger
// than a buffer is in several. Ranges begin at multiples of DirectFile::kBlockSize, as direct reads require.
//
// Example:
//   FilePlan plan({.buffer_size = 4 << 20, .small_size = 256 << 10});
//   plan.Add(0, {.device = 0, .size = 1 << 30, .file = FilePlace{.descriptor = 3, .offset = 2048}});
//   std::vector<TransferBatch> batches = std::move(plan).Finish();
//
// Thread safety: one thread.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_CUDA_TRANSFER_FILE_PLAN_H_
#define METACONV_CUDA_TRANSFER_FILE_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "cuda/transfer/transfer_batch.h"

namespace metaconv {

class FilePlan {
 public:
  explicit FilePlan(const TransferLimits& limits) : limits_(limits) {}

  // Whether buffers are large enough for any range.
  static bool CanUse(const TransferLimits& limits);

  // `item` must have a file, and must not be empty.
  void Add(std::size_t index, const TransferItem& item);

  // Files come in the order in which they were added.
  std::vector<TransferBatch> Finish() &&;

 private:
  struct Entry {
    std::size_t file = 0;  // The number of the file, in the order in which they were added.
    std::size_t index = 0;
    TransferItem item;
  };

  void Place(const Entry& entry);
  // The offset in the file at which the open batch is full, if it gets one more piece.
  std::int64_t Limit() const;
  std::int64_t End() const { return open_.file->offset + open_.file->size; }
  bool IsOpen() const { return open_.file.has_value(); }
  void Close();

  const TransferLimits limits_;
  std::map<int, std::size_t> numbers_;  // Of the descriptors.
  std::vector<Entry> entries_;
  TransferBatch open_;
  std::vector<TransferBatch> batches_;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_FILE_PLAN_H_
