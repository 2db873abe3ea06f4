#include "cuda/transfer/pinned_ring.h"

#include <algorithm>
#include <vector>

#include "absl/time/time.h"

namespace metaconv {
namespace {

// CUDA can wait for one event, but not for the first of several, which is what a thread without a buffer needs: the
// stream of the oldest event may be blocked while another one proceeds. The thread therefore asks again after a pause.
// The pause is short compared to the transfer of a buffer of some MiB, so that the device does not run out of work, and
// grows while nothing happens.
constexpr absl::Duration kFirstPause = absl::Microseconds(50);
constexpr absl::Duration kLongestPause = absl::Milliseconds(1);

// Leaks memory that a device may still use: its state is unknown after an error, so the memory must not be reused.
void Lose(PinnedMemory& memory) { static_cast<void>(memory.release()); }

}  // namespace

class PinnedRing::Buffers {
 public:
  explicit Buffers(int limit) {
    for (int i = 0; i < limit; ++i) returned_.push_back(std::make_unique<Buffer>());
  }

  ~Buffers() {
    absl::MutexLock turn(&turn_);
    CollectReturned();
    for (const std::unique_ptr<Buffer>& buffer : here_) {
      // An error is an error of the work. The work has ended then.
      if (buffer->in_use != nullptr) buffer->in_use->Wait().IgnoreError();
    }
  }

  // Keeps a buffer whose work failed, without using it again, and puts a new one in its place.
  void Replace(std::unique_ptr<Buffer> failed) ABSL_LOCKS_EXCLUDED(mutex_) {
    Return(std::make_unique<Buffer>());
    absl::MutexLock lock(&mutex_);
    failed_.push_back(std::move(failed));
  }

  // The work of the buffer is done, or has failed: the buffer has an event then. Its memory may be null.
  std::unique_ptr<Buffer> Take() ABSL_LOCKS_EXCLUDED(turn_, mutex_) {
    absl::MutexLock turn(&turn_);
    for (absl::Duration pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
      CollectReturned();
      if (std::unique_ptr<Buffer> buffer = TakeFree(); buffer != nullptr) return buffer;
      WaitForReturned(here_.empty() ? absl::InfiniteDuration() : pause);
    }
  }

  void Return(std::unique_ptr<Buffer> buffer) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    returned_.push_back(std::move(buffer));
  }

 private:
  // A free buffer, or null.
  std::unique_ptr<Buffer> TakeFree() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_) {
    auto found = std::find_if(here_.begin(), here_.end(), [](const std::unique_ptr<Buffer>& buffer) {
      return buffer->memory != nullptr && buffer->in_use == nullptr;
    });
    if (found == here_.end()) found = std::find_if(here_.begin(), here_.end(), HasEnded);
    if (found == here_.end()) {
      found = std::find_if(here_.begin(), here_.end(),
                           [](const std::unique_ptr<Buffer>& buffer) { return buffer->memory == nullptr; });
    }
    if (found == here_.end()) return nullptr;
    std::unique_ptr<Buffer> buffer = std::move(*found);
    here_.erase(found);
    return buffer;
  }

  // Whether the work of the buffer has ended. Removes the event of work that was successful.
  static bool HasEnded(const std::unique_ptr<Buffer>& buffer) {
    if (buffer->in_use == nullptr) return false;
    const absl::StatusOr<bool> is_done = buffer->in_use->IsDone();
    if (is_done.ok() && *is_done) buffer->in_use = nullptr;
    return !is_done.ok() || *is_done;
  }

  void CollectReturned() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    std::move(returned_.begin(), returned_.end(), std::back_inserter(here_));
    returned_.clear();
  }

  void WaitForReturned(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_) {
    const auto has_returned = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !returned_.empty(); };
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&has_returned), timeout);
  }

  // Held by the thread that takes the next buffer, also while it waits, so that no other thread overtakes it. Buffers are
  // returned without it.
  absl::Mutex turn_ ABSL_ACQUIRED_BEFORE(mutex_);
  std::vector<std::unique_ptr<Buffer>> here_ ABSL_GUARDED_BY(turn_);  // The oldest first.
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Buffer>> returned_ ABSL_GUARDED_BY(mutex_);
  // Their state is unknown, and freeing them now might wait for other devices.
  std::vector<std::unique_ptr<Buffer>> failed_ ABSL_GUARDED_BY(mutex_);
};

PinnedRing::PinnedRing(CudaRuntime& runtime, int buffers, std::int64_t buffer_size)
    : runtime_(runtime), limit_(buffers), buffer_size_(buffer_size) {}

PinnedRing::~PinnedRing() = default;

absl::StatusOr<PinnedRing::Lease> PinnedRing::Acquire(c10::Device device) {
  Buffers& buffers = Of(device);
  std::unique_ptr<Buffer> buffer = buffers.Take();
  if (buffer->in_use != nullptr) {
    // The question whether the work is done had an error: usually that of the work.
    if (absl::Status status = buffer->in_use->Wait(); !status.ok()) {
      buffers.Replace(std::move(buffer));
      return status;
    }
    buffer->in_use = nullptr;
  }
  if (buffer->memory == nullptr) {
    absl::StatusOr<PinnedMemory> memory = runtime_.AllocatePinned(device, buffer_size_);
    if (!memory.ok()) {
      buffers.Return(std::move(buffer));
      return memory.status();
    }
    buffer->memory = *std::move(memory);
  }
  return Lease(runtime_, buffers, std::move(buffer));
}

PinnedRing::Buffers& PinnedRing::Of(c10::Device device) {
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<Buffers>& buffers = buffers_[device.index()];
  if (buffers == nullptr) buffers = std::make_unique<Buffers>(limit_);
  return *buffers;
}

absl::Status PinnedRing::Lease::Wait() {
  absl::StatusOr<std::unique_ptr<CudaEvent>> event = runtime_->Record(*stream_);
  if (!event.ok()) return event.status();
  if (absl::Status status = (*event)->Wait(); !status.ok()) return status;
  stream_.reset();
  return absl::OkStatus();
}

PinnedRing::Lease::~Lease() {
  if (buffer_ == nullptr) return;
  if (stream_.has_value()) {
    absl::StatusOr<std::unique_ptr<CudaEvent>> event = runtime_->Record(*stream_);
    if (event.ok()) {
      buffer_->in_use = *std::move(event);
    } else if (!runtime_->Synchronize(*stream_).ok()) {
      Lose(buffer_->memory);
    }
  }
  owner_->Return(std::move(buffer_));
}

}  // namespace metaconv
