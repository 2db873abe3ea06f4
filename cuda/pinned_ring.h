// PinnedRing: a few large buffers of pinned memory through which everything goes between files and devices. While a device
// reads one, the next are filled.
//
// Example:
//   absl::StatusOr<PinnedRing::Lease> lease = ring.Acquire(device);
//   if (!lease.ok()) return lease.status();
//   FillFromFile(lease->data());
//   lease->UseOn(stream);
//   return runtime.Copy(memory, lease->data(), size, stream);   // The lease ends; the buffer waits for the copy.
//
// A thread shall not acquire a second buffer while it has one: all of them could come to wait for each other.
//
// Thread safety: Thread-safe. A lease is for one thread at a time.
// Lifetime: outlives its leases; the runtime outlives it. Buffers are allocated when first used, and kept.

#ifndef METACONV_CUDA_PINNED_RING_H_
#define METACONV_CUDA_PINNED_RING_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "cuda/runtime.h"

namespace metaconv {

class PinnedRing {
 private:
  struct Buffer {
    PinnedMemory memory;                // Null until first used.
    std::unique_ptr<CudaEvent> in_use;  // Null, or after the last work that uses it.
  };

 public:
  // One buffer, until it is destroyed.
  class Lease {
   public:
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    char* data() { return buffer_->memory.get(); }

    // To be called before work that uses the buffer is begun, so that it goes to nobody else before that work is done.
    // All work of a lease is on one stream.
    void UseOn(c10::Stream stream) { stream_ = stream; }

    // Until that work is done. Errors: also those of the work.
    absl::Status Wait();

   private:
    friend class PinnedRing;
    Lease(PinnedRing* ring, std::unique_ptr<Buffer> buffer) : ring_(ring), buffer_(std::move(buffer)) {}

    PinnedRing* ring_;
    std::unique_ptr<Buffer> buffer_;     // Null if moved from.
    std::optional<c10::Stream> stream_;  // Where the buffer is used.
  };

  PinnedRing(CudaRuntime& runtime, int buffers, std::int64_t buffer_size);
  ~PinnedRing() ABSL_LOCKS_EXCLUDED(mutex_);
  PinnedRing(const PinnedRing&) = delete;
  PinnedRing& operator=(const PinnedRing&) = delete;

  // The buffer that has been back for longest; waits until there is one, and until no device uses it. `device` is where
  // it will be used.
  // Errors: those of the work for which it waited, and kResourceExhausted if there is no memory for a new buffer.
  absl::StatusOr<Lease> Acquire(c10::Device device) ABSL_LOCKS_EXCLUDED(mutex_);

  std::int64_t buffer_size() const { return buffer_size_; }

 private:
  absl::Status Prepare(c10::Device device, Buffer& buffer);
  std::unique_ptr<Buffer> Take() ABSL_LOCKS_EXCLUDED(mutex_);
  void Return(std::unique_ptr<Buffer> buffer) ABSL_LOCKS_EXCLUDED(mutex_);

  CudaRuntime& runtime_;
  const std::int64_t buffer_size_;
  absl::Mutex mutex_;
  std::deque<std::unique_ptr<Buffer>> free_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CUDA_PINNED_RING_H_
