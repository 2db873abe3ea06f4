#include "cuda/pinned_ring.h"

#include <utility>

namespace metaconv {
namespace {

// Leaks memory that a device may still use: its state is unknown after an error, so the memory must not be reused.
void Lose(PinnedMemory& memory) { static_cast<void>(memory.release()); }

}  // namespace

PinnedRing::PinnedRing(CudaRuntime& runtime, int buffers, std::int64_t buffer_size)
    : runtime_(runtime), buffer_size_(buffer_size) {
  for (int i = 0; i < buffers; ++i) free_.push_back(std::make_unique<Buffer>());
}

PinnedRing::~PinnedRing() {
  absl::MutexLock lock(&mutex_);
  for (const std::unique_ptr<Buffer>& buffer : free_) {
    // An error is an error of the work. The work has ended then.
    if (buffer->in_use != nullptr) buffer->in_use->Wait().IgnoreError();
  }
}

absl::StatusOr<PinnedRing::Lease> PinnedRing::Acquire(c10::Device device) {
  std::unique_ptr<Buffer> buffer = Take();
  absl::Status status = Prepare(device, *buffer);
  if (!status.ok()) {
    Return(std::move(buffer));
    return status;
  }
  return Lease(this, std::move(buffer));
}

absl::Status PinnedRing::Prepare(c10::Device device, Buffer& buffer) {
  if (buffer.in_use != nullptr) {
    if (absl::Status status = buffer.in_use->Wait(); !status.ok()) return status;
    buffer.in_use = nullptr;
  }
  if (buffer.memory == nullptr) {
    absl::StatusOr<PinnedMemory> memory = runtime_.AllocatePinned(device, buffer_size_);
    if (!memory.ok()) return memory.status();
    buffer.memory = *std::move(memory);
  }
  return absl::OkStatus();
}

std::unique_ptr<PinnedRing::Buffer> PinnedRing::Take() {
  const auto has_free = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !free_.empty(); };
  absl::MutexLock lock(&mutex_, absl::Condition(&has_free));
  std::unique_ptr<Buffer> buffer = std::move(free_.front());
  free_.pop_front();
  return buffer;
}

void PinnedRing::Return(std::unique_ptr<Buffer> buffer) {
  absl::MutexLock lock(&mutex_);
  free_.push_back(std::move(buffer));
}

absl::Status PinnedRing::Lease::Wait() {
  absl::StatusOr<std::unique_ptr<CudaEvent>> event = ring_->runtime_.Record(*stream_);
  if (!event.ok()) return event.status();
  if (absl::Status status = (*event)->Wait(); !status.ok()) return status;
  stream_.reset();
  return absl::OkStatus();
}

PinnedRing::Lease::~Lease() {
  if (buffer_ == nullptr) return;
  if (stream_.has_value()) {
    absl::StatusOr<std::unique_ptr<CudaEvent>> event = ring_->runtime_.Record(*stream_);
    if (event.ok()) {
      buffer_->in_use = *std::move(event);
    } else if (!ring_->runtime_.Synchronize(*stream_).ok()) {
      Lose(buffer_->memory);
    }
  }
  ring_->Return(std::move(buffer_));
}

}  // namespace metaconv
