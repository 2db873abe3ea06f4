#include "cuda/host_transfer.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "converter/for_each_task.h"
#include "cuda/device_memory.h"
#include "cuda/segments.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

// Adds the device, the storages and the byte range of `batch` to an error.
absl::Status Locate(const absl::Status& status, absl::Span<const HostTransferItem> items, const TransferBatch& batch) {
  if (status.ok()) return status;
  const TransferPiece& first = batch.pieces.front();
  const HostTransferItem& item = items[first.item];
  std::string where = absl::StrCat(item.stream.device().str(), ": storage ", item.id, ", ");
  if (batch.is_packed && batch.pieces.size() > 1) {
    absl::StrAppend(&where, "and ", batch.pieces.size() - 1, " small storages up to storage ",
                    items[batch.pieces.back().item].id, ", ", PackedSize(batch), " bytes in one buffer");
  } else {
    absl::StrAppend(&where, "bytes ", first.offset, " to ", first.offset + first.size, " of ", item.size);
  }
  return WithContext(where, status);
}

// Writes the segment table of a packed batch into the buffer. `make` creates the segment of a piece from the piece's
// address in its storage and its address in the staging memory.
SegmentTable WriteTable(absl::Span<const HostTransferItem> items, const TransferBatch& batch, char* buffer,
                        char* staging, absl::FunctionRef<Segment(char*, char*)> make) {
  std::vector<Segment> segments;
  segments.reserve(batch.pieces.size());
  for (const TransferPiece& piece : batch.pieces) {
    Segment& segment = segments.emplace_back(make(items[piece.item].device_data, staging + piece.place));
    segment.size = static_cast<std::uint64_t>(piece.size);
  }
  const std::uint64_t chunks = CountChunks(segments);
  std::memcpy(buffer + batch.table_place, segments.data(), segments.size() * sizeof(Segment));
  return {.segments = reinterpret_cast<const Segment*>(staging + batch.table_place),
          .size = segments.size(),
          .chunks = chunks,
          .work = SegmentWork::kCopy};
}

}  // namespace

absl::Status HostTransfer::Run(Items items,
                               absl::FunctionRef<absl::Status(const TransferBatch&, PinnedRing::Lease&)> transfer) {
  std::vector<TransferItem> sizes;
  sizes.reserve(items.size());
  for (const HostTransferItem& item : items) {
    sizes.push_back({.device = item.stream.device_index(), .size = item.size, .in_order = item.in_order});
  }
  const std::vector<TransferTask> tasks =
      PlanTransfers(sizes, {.buffer_size = ring_.buffer_size(), .small_size = options_.small_size});
  return ForEachTask(tasks.size(), options_.threads, [&](std::size_t i) {
    for (const TransferBatch& batch : tasks[i]) {
      absl::StatusOr<PinnedRing::Lease> lease = ring_.Acquire(items[batch.pieces.front().item].stream.device());
      if (!lease.ok()) return Locate(lease.status(), items, batch);
      if (absl::Status status = transfer(batch, *lease); !status.ok()) return status;
    }
    return absl::OkStatus();
  });
}

absl::Status HostTransfer::Upload(Items items) {
  return Run(items, [&](const TransferBatch& batch, PinnedRing::Lease& lease) {
    for (const TransferPiece& piece : batch.pieces) {
      const absl::Span<char> into(lease.data() + piece.place, static_cast<std::size_t>(piece.size));
      if (absl::Status status = (*items[piece.item].read)(piece.offset, into); !status.ok()) return status;
    }
    return Locate(batch.is_packed ? UploadPacked(items, batch, lease) : UploadPiece(items, batch.pieces[0], lease),
                  items, batch);
  });
}

absl::Status HostTransfer::UploadPiece(Items items, const TransferPiece& piece, PinnedRing::Lease& lease) {
  const HostTransferItem& item = items[piece.item];
  lease.UseOn(item.stream);
  return runtime_.Copy(item.device_data + piece.offset, lease.data(), piece.size, item.stream);
}

absl::Status HostTransfer::UploadPacked(Items items, const TransferBatch& batch, PinnedRing::Lease& lease) {
  const c10::Stream stream = items[batch.pieces.front().item].stream;
  absl::StatusOr<c10::DataPtr> memory = AllocateDeviceMemory(runtime_, stream, PackedSize(batch));
  if (!memory.ok()) return memory.status();
  char* staging = static_cast<char*>(memory->get());
  const SegmentTable table = WriteTable(items, batch, lease.data(), staging, [](char* device_data, char* place) {
    return Segment{.from = place, .into = device_data};
  });
  lease.UseOn(stream);
  absl::Status status = runtime_.Copy(staging, lease.data(), PackedSize(batch), stream);
  if (!status.ok()) return status;
  return runtime_.LaunchSegments(table, stream);
}

absl::Status HostTransfer::Download(Items items) {
  return Run(items, [&](const TransferBatch& batch, PinnedRing::Lease& lease) {
    absl::Status status =
        batch.is_packed ? DownloadPacked(items, batch, lease) : DownloadPiece(items, batch.pieces[0], lease);
    if (status.ok()) status = lease.Wait();
    if (!status.ok()) return Locate(status, items, batch);
    for (const TransferPiece& piece : batch.pieces) {
      std::memcpy(items[piece.item].host_data + piece.offset, lease.data() + piece.place,
                  static_cast<std::size_t>(piece.size));
    }
    return status;
  });
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
