// PinnedRing: a fixed number of pinned buffers for all transfers between files and devices. While a device reads one
// buffer, others can be filled.
//
// Example:
//   absl::StatusOr<PinnedRing::Lease> lease = ring.Acquire(device);
//   if (!lease.ok()) return lease.status();
//   FillFromFile(lease->data());
//   lease->UseOn(stream);
//   return runtime.Copy(memory, lease->data(), size, stream);   // The buffer is reused after the copy.
//
// A thread must not acquire a second buffer while it holds one: threads that hold one buffer each could wait for each
// other forever.
//
// Thread safety: Thread-safe. A lease must be used by one thread at a time.
// Lifetime: the ring must outlive its leases, and the runtime the ring. Buffers are allocated when first used, and
// freed with the ring.

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
    std::unique_ptr<CudaEvent> in_use;  // Recorded after the last work that uses it, or null.
  };

 public:
  // Ownership of one buffer, until the lease is destroyed.
  class Lease {
   public:
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    char* data() { return buffer_->memory.get(); }

    // Must be called before work that uses the buffer is started, so that the buffer is not reused before that work is
    // done. All work of a lease must be on one stream.
    void UseOn(c10::Stream stream) { stream_ = stream; }

    // Waits until that work is done. Errors: also those of the work.
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

  // Takes the buffer that was returned first. Waits until there is one and until its previous work is done. `device` is
  // the device that will use it.
  // Errors: those of the previous work, and kResourceExhausted if a new buffer cannot be allocated.
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
