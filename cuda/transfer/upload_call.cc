#include "cuda/transfer/upload_call.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "converter/for_each_task.h"
#include "cuda/runtime/device_memory.h"
#include "cuda/segments/segments.h"
#include "cuda/transfer/transfer_plan.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

std::int64_t SizeOf(absl::Span<const HostTransferItem> items) {
  std::int64_t size = 0;
  for (const HostTransferItem& item : items) size += item.size;
  return size;
}

}  // namespace

UploadCall::UploadCall(const UploadContext& context, absl::Span<const HostTransferItem> items,
                       const LoadControl& control)
    : context_(context), runtime_(context.runtime), items_(items), progress_(control, SizeOf(items)) {
  for (const HostTransferItem& item : items) devices_.try_emplace(item.stream.device_index(), item.stream);
}

absl::Status UploadCall::Run() {
  const absl::StatusOr<std::vector<TransferTask>> tasks = Plan();
  if (!tasks.ok()) return tasks.status();
  if (tasks->empty()) return absl::OkStatus();
  OpenFiles();
  absl::Status status;
  for (auto& [index, device] : devices_) {
    if (status.ok()) status = WithContext(device.caller.device().str(), Begin(device, tasks->size() == 1));
  }
  if (status.ok()) {
    status = ForEachTask(tasks->size(), context_.threads, [&](std::size_t i) {
      for (const TransferBatch& batch : (*tasks)[i]) {
        if (absl::Status part = Transfer(batch); !part.ok()) return part;
      }
      return absl::OkStatus();
    });
  }
  for (auto& [index, device] : devices_) {
    if (status.ok()) status = WithContext(device.caller.device().str(), Finish(device));
  }
  if (status.ok()) return status;
  for (const auto& [index, device] : devices_) {
    for (const c10::Stream stream : device.streams) runtime_.Synchronize(stream).IgnoreError();
  }
  return status;
}

absl::StatusOr<std::vector<TransferTask>> UploadCall::Plan() {
  std::vector<TransferItem> items;
  items.reserve(items_.size());
  for (const HostTransferItem& item : items_) {
    bool is_pinned = false;
    // Smaller items are transferred together.
    if (item.host_source != nullptr && item.size >= context_.small_size && item.size > 0) {
      const absl::StatusOr<bool> found = runtime_.IsPinned(item.host_source, item.size, item.stream.device());
      if (!found.ok()) return WithContext(absl::StrCat("storage ", item.id), found.status());
      is_pinned = *found;
      devices_.at(item.stream.device_index()).has_pinned |= is_pinned;
    }
    items.push_back({.device = item.stream.device_index(),
                     .size = item.size,
                     .in_order = item.in_order,
                     .is_pinned = is_pinned,
                     .file = item.file});
  }
  return PlanTransfers(items, {.buffer_size = context_.ring.buffer_size(), .small_size = context_.small_size});
}

void UploadCall::OpenFiles() {
  std::map<int, std::int64_t> sizes;
  for (const HostTransferItem& item : items_) {
    if (item.file.has_value()) sizes[item.file->descriptor] += item.size;
  }
  for (const HostTransferItem& item : items_) {
    if (!item.file.has_value()) continue;
    const int descriptor = item.file->descriptor;
    const bool is_large = sizes[descriptor] >= context_.direct_io_size;
    SourceFile& file = files_.try_emplace(descriptor, descriptor, is_large).first->second;
    if (!is_large || context_.device_reader == nullptr) continue;
    const auto [place, is_new] = file.devices.try_emplace(item.stream.device_index());
    if (is_new) place->second = context_.device_reader->Open(descriptor, item.stream.device());
  }
}

bool UploadCall::IsReadByDevice(c10::DeviceIndex index) const {
  for (const auto& [descriptor, file] : files_) {
    const auto found = file.devices.find(index);
    if (found != file.devices.end() && found->second != nullptr) return true;
  }
  return false;
}

absl::Status UploadCall::Begin(Device& device, bool is_single) {
  absl::StatusOr<std::vector<c10::Stream>> streams =
      is_single ? std::vector<c10::Stream>{device.caller} : context_.streams.Of(device.caller);
  if (!streams.ok()) return streams.status();
  device.streams = *std::move(streams);
  const bool waits = IsReadByDevice(device.caller.device_index());
  if (is_single && !waits) return absl::OkStatus();
  const absl::StatusOr<std::unique_ptr<CudaEvent>> begin = runtime_.Record(device.caller);
  if (!begin.ok()) return begin.status();
  for (const c10::Stream stream : device.streams) {
    if (stream == device.caller) continue;
    if (absl::Status status = runtime_.StreamWait(stream, **begin); !status.ok()) return status;
  }
  // Direct reads are not in the order of a stream, and earlier work may use the memory of the storages.
  return waits ? (*begin)->Wait() : absl::OkStatus();
}

absl::Status UploadCall::Finish(Device& device) {
  for (const c10::Stream stream : device.streams) {
    if (stream == device.caller && !device.has_pinned) continue;
    const absl::StatusOr<std::unique_ptr<CudaEvent>> end = runtime_.Record(stream);
    if (!end.ok()) return end.status();
    if (stream != device.caller) {
      if (absl::Status status = runtime_.StreamWait(device.caller, **end); !status.ok()) return status;
    }
    // The host memory must have been read completely when the upload returns.
    if (device.has_pinned) {
      if (absl::Status status = (*end)->Wait(); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status UploadCall::Transfer(const TransferBatch& batch) {
  if (absl::Status status = progress_.CheckStop(); !status.ok()) return status;
  Device& device = DeviceOf(batch);
  const c10::Stream stream = device.streams[device.batches.fetch_add(1) % device.streams.size()];
  absl::Status status;
  if (batch.is_pinned) {
    status = LocateBatch(TransferPinned(batch.pieces.front(), stream), items_, batch);
  } else if (!ReadIntoDevice(batch)) {
    status = TransferBuffer(batch, stream);
  }
  return status.ok() ? progress_.Add(SizeOfPieces(batch)) : status;
}

absl::Status UploadCall::TransferPinned(const TransferPiece& piece, c10::Stream stream) {
  const HostTransferItem& item = items_[piece.item];
  return runtime_.Copy(item.device_data, item.host_source, item.size, stream);
}

absl::Status UploadCall::TransferBuffer(const TransferBatch& batch, c10::Stream stream) {
  absl::StatusOr<PinnedRing::Lease> lease = context_.ring.Acquire(stream.device());
  if (!lease.ok()) return LocateBatch(lease.status(), items_, batch);
  if (absl::Status status = ReadIntoBuffer(batch, lease->data()); !status.ok()) return status;
  lease->UseOn(stream);
  return LocateBatch(
      batch.is_packed ? SendPacked(batch, lease->data(), stream) : SendPieces(batch, lease->data(), stream), items_,
      batch);
}

bool UploadCall::ReadIntoDevice(const TransferBatch& batch) const {
  if (!batch.file.has_value() || batch.is_packed || SizeOfPieces(batch) < context_.small_size) return false;
  const SourceFile& file = files_.at(batch.file->descriptor);
  const auto found = file.devices.find(IndexOf(batch));
  if (found == file.devices.end() || found->second == nullptr) return false;
  if (file.direct.IsCached(batch.file->offset, batch.file->size)) return false;
  for (const TransferPiece& piece : batch.pieces) {
    char* into = items_[piece.item].device_data + piece.offset;
    if (!found->second->Read(batch.file->offset + piece.place, into, piece.size)) return false;
  }
  return true;
}

absl::Status UploadCall::ReadIntoBuffer(const TransferBatch& batch, char* buffer) const {
  if (batch.file.has_value() &&
      files_.at(batch.file->descriptor).direct.Read(batch.file->offset, batch.file->size, buffer)) {
    return absl::OkStatus();
  }
  // Also for a range of a file that could not be read: the storages' own functions return an error that names the file.
  for (const TransferPiece& piece : batch.pieces) {
    const HostTransferItem& item = items_[piece.item];
    const auto size = static_cast<std::size_t>(piece.size);
    if (item.read == nullptr) {
      std::memcpy(buffer + piece.place, item.host_source + piece.offset, size);
    } else if (absl::Status status = (*item.read)(piece.offset, {buffer + piece.place, size}); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status UploadCall::SendPieces(const TransferBatch& batch, const char* buffer, c10::Stream stream) {
  for (const TransferPiece& piece : batch.pieces) {
    char* into = items_[piece.item].device_data + piece.offset;
    if (absl::Status status = runtime_.Copy(into, buffer + piece.place, piece.size, stream); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status UploadCall::SendPacked(const TransferBatch& batch, char* buffer, c10::Stream stream) {
  // Freed when the kernel has been started: the next use is later on the same stream.
  absl::StatusOr<c10::DataPtr> memory = AllocateDeviceMemory(runtime_, stream, PackedSize(batch));
  if (!memory.ok()) return memory.status();
  char* staging = static_cast<char*>(memory->get());
  const SegmentTable table = WriteTable(items_, batch, buffer, staging, [](char* device_data, char* place) {
    return Segment{.from = place, .into = device_data};
  });
  absl::Status status = runtime_.Copy(staging, buffer, PackedSize(batch), stream);
  if (!status.ok()) return status;
  return runtime_.LaunchSegments(table, stream);
}

}  // namespace metaconv
