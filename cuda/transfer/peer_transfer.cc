#include "cuda/transfer/peer_transfer.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cuda/runtime/device_memory.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

std::int64_t SizeOf(const PeerCopy& copy) { return static_cast<std::int64_t>(copy.segment.size); }

// Packed ranges begin at multiples of 16 bytes, at which the kernel copies fastest.
std::int64_t PackedSize(const PeerCopy& copy) { return (SizeOf(copy) + 15) / 16 * 16; }

std::vector<Segment> SegmentsOf(absl::Span<const PeerCopy> copies) {
  std::vector<Segment> segments;
  segments.reserve(copies.size());
  for (const PeerCopy& copy : copies) segments.push_back(copy.segment);
  return segments;
}

// Adds the storages to an error of a call that copies all of them.
absl::Status Locate(absl::Span<const PeerCopy> copies, const absl::Status& status) {
  if (status.ok()) return status;
  std::int64_t size = 0;
  for (const PeerCopy& copy : copies) size += SizeOf(copy);
  return WithContext(absl::StrCat(copies.size(), " small storages of ", size, " bytes, storage ", copies.front().id,
                                  " to storage ", copies.back().id),
                     status);
}

}  // namespace

absl::Status PeerTransfer::Copy(c10::Stream from, c10::Stream into, Copies copies) {
  const std::string devices = absl::StrCat(from.device().str(), " to ", into.device().str());
  // CUDA's own copies are also direct only if access is enabled.
  const absl::StatusOr<bool> has_access = runtime_.EnablePeerAccess(from.device(), into.device());
  if (!has_access.ok()) return WithContext(devices, has_access.status());

  std::vector<PeerCopy> small, large;
  for (const PeerCopy& copy : copies) {
    if (SizeOf(copy) > 0) (SizeOf(copy) < options_.small_size ? small : large).push_back(copy);
  }
  if (small.size() == 1 || (!*has_access && !small.empty())) {
    if (small.size() == 1) {
      large.push_back(small.front());
    } else if (absl::Status status = CopyPacked(from, into, small); !status.ok()) {
      return WithContext(devices, status);
    }
    small.clear();
  }
  return WithContext(devices, CopyDirectly(from, into, small, large));
}

absl::Status PeerTransfer::CopyDirectly(c10::Stream from, c10::Stream into, Copies small, Copies large) {
  if (small.empty() && large.empty()) return absl::OkStatus();
  if (absl::Status status = Order(into, from); !status.ok()) return status;
  if (absl::Status status = launcher_.Copy(from, SegmentsOf(small)); !status.ok()) return Locate(small, status);
  for (const PeerCopy& copy : large) {
    absl::Status status =
        runtime_.CopyPeer(copy.segment.into, into.device(), copy.segment.from, from.device(), SizeOf(copy), from);
    if (!status.ok()) return WithContext(absl::StrCat("storage ", copy.id, ", ", SizeOf(copy), " bytes"), status);
  }
  return Order(from, into);
}

absl::Status PeerTransfer::CopyPacked(c10::Stream from, c10::Stream into, Copies small) {
  while (!small.empty()) {
    std::size_t count = 0;
    std::int64_t size = 0;
    while (count < small.size() && (count == 0 || size + PackedSize(small[count]) <= options_.staging_size)) {
      size += PackedSize(small[count++]);
    }
    const Copies batch = small.first(count);
    if (absl::Status status = CopyBatch(from, into, batch, size); !status.ok()) return Locate(batch, status);
    small.remove_prefix(count);
  }
  return absl::OkStatus();
}

absl::Status PeerTransfer::CopyBatch(c10::Stream from, c10::Stream into, Copies batch, std::int64_t packed_size) {
  absl::StatusOr<c10::DataPtr> gathered = AllocateDeviceMemory(runtime_, from, packed_size);
  if (!gathered.ok()) return gathered.status();
  absl::StatusOr<c10::DataPtr> arrived = AllocateDeviceMemory(runtime_, into, packed_size);
  if (!arrived.ok()) return arrived.status();
  std::vector<Segment> gather = SegmentsOf(batch), distribute = gather;
  std::int64_t place = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    gather[i].into = static_cast<char*>(gathered->get()) + place;
    distribute[i].from = static_cast<const char*>(arrived->get()) + place;
    place += PackedSize(batch[i]);
  }

  absl::Status status = launcher_.Copy(from, gather);
  // Work on `into` that was started earlier may still use the memory at `arrived`.
  if (status.ok()) status = Order(into, from);
  if (status.ok()) {
    status = runtime_.CopyPeer(arrived->get(), into.device(), gathered->get(), from.device(), packed_size, from);
  }
  if (status.ok()) status = Order(from, into);
  if (status.ok()) status = launcher_.Copy(into, distribute);
  // The memory at `arrived` is freed in the order of `into`, which waits for the copy on `from` only if all succeeded.
  if (!status.ok()) runtime_.Synchronize(from).IgnoreError();
  return status;
}

// Makes work that is started on `second` from now on wait for the work that was started on `first`.
absl::Status PeerTransfer::Order(c10::Stream first, c10::Stream second) {
  absl::StatusOr<std::unique_ptr<CudaEvent>> event = runtime_.Record(first);
  if (!event.ok()) return event.status();
  return runtime_.StreamWait(second, **event);
}

}  // namespace metaconv
