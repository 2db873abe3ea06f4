#include "cuda/transfer/transfer_plan.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "converter/storage_path.h"
#include "cuda/segments/segments.h"
#include "cuda/transfer/file_plan.h"

namespace metaconv {
namespace {

constexpr std::int64_t kSegmentSize = sizeof(Segment);

std::int64_t RoundUp(std::int64_t size) { return (size + 15) / 16 * 16; }

class Planner {
 public:
  explicit Planner(const TransferLimits& limits)
      : limits_(limits),
        piece_size_(limits.buffer_size / StoragePath::kLoadAlignment * StoragePath::kLoadAlignment),
        files_(limits) {}

  void Add(std::size_t index, const TransferItem& item) {
    if (item.size == 0) return;
    if (item.is_pinned) {
      const TransferPiece whole = {.item = index, .size = item.size};
      tasks_.push_back({TransferBatch{.pieces = {whole}, .is_pinned = true}});
    } else if (item.file.has_value() && !item.in_order && FilePlan::CanUse(limits_)) {
      files_.Add(index, item);
    } else if (item.size < limits_.small_size && RoundUp(item.size) + kSegmentSize <= limits_.buffer_size) {
      Pack(index, item);
    } else {
      Cut(index, item);
    }
  }

  std::vector<TransferTask> Finish() {
    for (auto& [device, batch] : open_) Close(batch);
    for (TransferBatch& batch : std::move(files_).Finish()) tasks_.emplace_back().push_back(std::move(batch));
    return std::move(tasks_);
  }

 private:
  void Pack(std::size_t index, const TransferItem& item) {
    TransferBatch& batch = open_[item.device];
    if (PackedSize(batch) + RoundUp(item.size) + kSegmentSize > limits_.buffer_size) Close(batch);
    batch.is_packed = true;
    batch.pieces.push_back({.item = index, .size = item.size, .place = batch.table_place});
    batch.table_place += RoundUp(item.size);
  }

  void Close(TransferBatch& batch) {
    if (batch.pieces.empty()) return;
    tasks_.emplace_back().push_back(std::exchange(batch, {}));
  }

  void Cut(std::size_t index, const TransferItem& item) {
    for (std::int64_t offset = 0; offset < item.size; offset += piece_size_) {
      if (offset == 0 || !item.in_order) tasks_.emplace_back();
      TransferBatch& batch = tasks_.back().emplace_back();
      batch.pieces.push_back(
          {.item = index, .offset = offset, .size = std::min(piece_size_, item.size - offset), .place = 0});
    }
  }

  const TransferLimits limits_;
  const std::int64_t piece_size_;
  std::vector<TransferTask> tasks_;
  std::map<c10::DeviceIndex, TransferBatch> open_;  // Batches that are not full yet.
  FilePlan files_;
};

// Orders the tasks so that devices take turns.
std::vector<TransferTask> TakeTurns(std::vector<TransferTask> tasks, absl::Span<const TransferItem> items) {
  std::map<c10::DeviceIndex, std::deque<TransferTask>> queues;
  for (TransferTask& task : tasks) {
    queues[items[task.front().pieces.front().item].device].push_back(std::move(task));
  }
  std::vector<TransferTask> ordered;
  ordered.reserve(tasks.size());
  while (ordered.size() < tasks.size()) {
    for (auto& [device, queue] : queues) {
      if (queue.empty()) continue;
      ordered.push_back(std::move(queue.front()));
      queue.pop_front();
    }
  }
  return ordered;
}

}  // namespace

std::vector<TransferTask> PlanTransfers(absl::Span<const TransferItem> items, const TransferLimits& limits) {
  Planner planner(limits);
  for (std::size_t i = 0; i < items.size(); ++i) planner.Add(i, items[i]);
  return TakeTurns(planner.Finish(), items);
}

}  // namespace metaconv
