#include "cuda/transfer/file_plan.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "converter/storage_path.h"
#include "cuda/files/direct_file.h"
#include "cuda/segments/segments.h"

namespace metaconv {
namespace {

// Reading and transferring so many bytes that nobody needs takes less time than another read and another transfer.
// Archives have headers and padding between storages, which are smaller.
constexpr std::int64_t kMaxGap = 16 * 1024;

constexpr std::int64_t kSegmentSize = sizeof(Segment);

}  // namespace

bool FilePlan::CanUse(const TransferLimits& limits) { return limits.buffer_size >= 2 * DirectFile::kBlockSize; }

void FilePlan::Add(std::size_t index, const TransferItem& item) {
  const std::size_t file = numbers_.try_emplace(item.file->descriptor, numbers_.size()).first->second;
  entries_.push_back({.file = file, .index = index, .item = item});
}

std::vector<TransferBatch> FilePlan::Finish() && {
  const auto place = [](const Entry& entry) {
    return std::make_tuple(entry.file, entry.item.device, entry.item.file->offset);
  };
  std::stable_sort(entries_.begin(), entries_.end(),
                   [&](const Entry& a, const Entry& b) { return place(a) < place(b); });
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const bool continues =
        i > 0 && entries_[i].file == entries_[i - 1].file && entries_[i].item.device == entries_[i - 1].item.device;
    if (!continues) Close();
    Place(entries_[i]);
  }
  Close();
  return std::move(batches_);
}

void FilePlan::Place(const Entry& entry) {
  const std::int64_t begin = entry.item.file->offset;
  std::int64_t offset = 0;
  while (offset < entry.item.size) {
    const std::int64_t at = begin + offset;
    // An item that overlaps with the last one may begin before the open range.
    if (IsOpen() && (at < open_.file->offset || at > End() + kMaxGap)) Close();
    if (!IsOpen()) {
      open_.file = {.descriptor = entry.item.file->descriptor, .offset = DirectFile::BlockBegin(at)};
    }
    std::int64_t end = std::min(entry.item.size, Limit() - begin);
    if (end < entry.item.size) end = end / StoragePath::kLoadAlignment * StoragePath::kLoadAlignment;
    if (end <= offset) {
      Close();  // Not for an empty range: it has room for more than a block.
      continue;
    }
    open_.pieces.push_back(
        {.item = entry.index, .offset = offset, .size = end - offset, .place = at - open_.file->offset});
    open_.file->size = std::max(open_.file->size, begin + end - open_.file->offset);
    offset = end;
  }
}

std::int64_t FilePlan::Limit() const {
  // A single piece needs no table.
  const auto pieces = static_cast<std::int64_t>(open_.pieces.size());
  const std::int64_t table = pieces == 0 ? 0 : (pieces + 1) * kSegmentSize;
  return open_.file->offset + DirectFile::BlockBegin(limits_.buffer_size - table);
}

void FilePlan::Close() {
  if (!IsOpen()) return;
  const auto pieces = static_cast<std::int64_t>(open_.pieces.size());
  open_.is_packed = pieces > 1 && SizeOfPieces(open_) / pieces < limits_.small_size;
  open_.table_place = DirectFile::BlockEnd(open_.file->size);
  batches_.push_back(std::exchange(open_, {}));
}

}  // namespace metaconv
