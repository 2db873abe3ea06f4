#include "cuda/transfer/host_transfer.h"

#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Allocator.h"
#include "c10/core/Stream.h"
#include "converter/for_each_task.h"
#include "cuda/runtime/device_memory.h"
#include "cuda/segments/segments.h"
#include "cuda/transfer/transfer_plan.h"
#include "meta/with_context.h"

namespace metaconv {

HostTransfer::HostTransfer(CudaRuntime& runtime, PinnedRing& ring, const Options& options)
    : runtime_(runtime),
      ring_(ring),
      streams_(runtime),
      context_{.runtime = runtime_,
               .ring = ring_,
               .streams = streams_,
               .small_size = options.small_size,
               .threads = options.threads,
               .direct_io_size = options.direct_io_size,
               .device_reader = options.device_reader} {}

absl::Status HostTransfer::Upload(Items items, const LoadControl& control) {
  return UploadCall(context_, items, control).Run();
}

absl::Status HostTransfer::Download(Items items) {
  std::vector<TransferItem> sizes;
  sizes.reserve(items.size());
  std::map<c10::DeviceIndex, c10::Stream> pinned;  // The streams with transfers that are waited for at the end.
  for (const HostTransferItem& item : items) {
    sizes.push_back({.device = item.stream.device_index(), .size = item.size});
    // Smaller items are transferred together.
    if (item.size < context_.small_size || item.size == 0) continue;
    const absl::StatusOr<bool> is_pinned = runtime_.IsPinned(item.host_data, item.size, item.stream.device());
    if (!is_pinned.ok()) return WithContext(absl::StrCat("storage ", item.id), is_pinned.status());
    sizes.back().is_pinned = *is_pinned;
    if (*is_pinned) pinned.try_emplace(item.stream.device_index(), item.stream);
  }
  const std::vector<TransferTask> tasks =
      PlanTransfers(sizes, {.buffer_size = ring_.buffer_size(), .small_size = context_.small_size});
  absl::Status status = ForEachTask(tasks.size(), context_.threads, [&](std::size_t i) {
    for (const TransferBatch& batch : tasks[i]) {
      if (absl::Status part = LocateBatch(DownloadBatch(items, batch), items, batch); !part.ok()) return part;
    }
    return absl::OkStatus();
  });
  for (const auto& [index, stream] : pinned) {
    if (!status.ok()) return status;
    const absl::StatusOr<std::unique_ptr<CudaEvent>> end = runtime_.Record(stream);
    status = WithContext(stream.device().str(), end.ok() ? (*end)->Wait() : end.status());
  }
  return status;
}

absl::Status HostTransfer::DownloadBatch(Items items, const TransferBatch& batch) {
  const HostTransferItem& first = items[batch.pieces.front().item];
  if (batch.is_pinned) return runtime_.Copy(first.host_data, first.device_data, first.size, first.stream);
  absl::StatusOr<PinnedRing::Lease> lease = ring_.Acquire(first.stream.device());
  if (!lease.ok()) return lease.status();
  absl::Status status =
      batch.is_packed ? DownloadPacked(items, batch, *lease) : DownloadPiece(items, batch.pieces[0], *lease);
  if (status.ok()) status = lease->Wait();
  if (!status.ok()) return status;
  for (const TransferPiece& piece : batch.pieces) {
    std::memcpy(items[piece.item].host_data + piece.offset, lease->data() + piece.place,
                static_cast<std::size_t>(piece.size));
  }
  return status;
}

absl::Status HostTransfer::DownloadPiece(Items items, const TransferPiece& piece, PinnedRing::Lease& lease) {
  const HostTransferItem& item = items[piece.item];
  lease.UseOn(item.stream);
  return runtime_.Copy(lease.data(), item.device_data + piece.offset, piece.size, item.stream);
}

absl::Status HostTransfer::DownloadPacked(Items items, const TransferBatch& batch, PinnedRing::Lease& lease) {
  const c10::Stream stream = items[batch.pieces.front().item].stream;
  absl::StatusOr<c10::DataPtr> memory = AllocateDeviceMemory(runtime_, stream, PackedSize(batch));
  if (!memory.ok()) return memory.status();
  char* staging = static_cast<char*>(memory->get());
  const SegmentTable table = WriteTable(items, batch, lease.data(), staging, [](char* device_data, char* place) {
    return Segment{.from = device_data, .into = place};
  });
  lease.UseOn(stream);
  absl::Status status = runtime_.Copy(staging + batch.table_place, lease.data() + batch.table_place,
                                      PackedSize(batch) - batch.table_place, stream);
  if (status.ok()) status = runtime_.LaunchSegments(table, stream);
  if (!status.ok()) return status;
  return runtime_.Copy(lease.data(), staging, batch.table_place, stream);
}

}  // namespace metaconv
