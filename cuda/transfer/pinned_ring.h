// PinnedRing: a limited number of pinned buffers for each device, for the transfers between files and the device. While
// the device reads one buffer, others can be filled.
//
// Example:
//   absl::StatusOr<PinnedRing::Lease> lease = ring.Acquire(device);
//   if (!lease.ok()) return lease.status();
//   FillFromFile(lease->data());
//   lease->UseOn(stream);
//   return runtime.Copy(memory, lease->data(), size, stream);   // The buffer is reused after the copy.
//
// Devices share no buffers, so a device that is slow, blocked or lost neither delays the transfers of another one nor
// causes errors in them. The ring holds at most `buffers * buffer_size` bytes for each device that has been used.
//
// A thread must not acquire a second buffer while it holds one: threads that hold one buffer each could wait for each
// other forever.
//
// Thread safety: Thread-safe. A lease must be used by one thread at a time.
// Lifetime: the ring must outlive its leases, and the runtime the ring. Buffers are allocated when first needed, and
// freed with the ring: CUDA may wait for all devices to free one.

#ifndef METACONV_CUDA_TRANSFER_PINNED_RING_H_
#define METACONV_CUDA_TRANSFER_PINNED_RING_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "cuda/runtime/runtime.h"

namespace metaconv {

class PinnedRing {
 private:
  struct Buffer {
    PinnedMemory memory;                // Null until first needed.
    std::unique_ptr<CudaEvent> in_use;  // Recorded after the last work that uses it, or null.
  };
  class Buffers;  // Those of one device.

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
    Lease(CudaRuntime& runtime, Buffers& owner, std::unique_ptr<Buffer> buffer)
        : runtime_(&runtime), owner_(&owner), buffer_(std::move(buffer)) {}

    CudaRuntime* runtime_;
    Buffers* owner_;
    std::unique_ptr<Buffer> buffer_;     // Null if moved from.
    std::optional<c10::Stream> stream_;  // Where the buffer is used.
  };

  PinnedRing(CudaRuntime& runtime, int buffers, std::int64_t buffer_size);
  // Waits for the work that uses the buffers.
  ~PinnedRing();
  PinnedRing(const PinnedRing&) = delete;
  PinnedRing& operator=(const PinnedRing&) = delete;

  // Takes a buffer for a transfer from or to `device`: one that no work uses, or else a new one. If all buffers of the
  // device are in use, waits until one of them is free.
  // Errors: those of work of the device that used the buffer before; kResourceExhausted if a new buffer cannot be
  // allocated. A buffer whose work failed is not used again, and replaced.
  absl::StatusOr<Lease> Acquire(c10::Device device) ABSL_LOCKS_EXCLUDED(mutex_);

  std::int64_t buffer_size() const { return buffer_size_; }

 private:
  Buffers& Of(c10::Device device) ABSL_LOCKS_EXCLUDED(mutex_);

  CudaRuntime& runtime_;
  const int limit_;  // For each device.
  const std::int64_t buffer_size_;
  absl::Mutex mutex_;
  std::map<c10::DeviceIndex, std::unique_ptr<Buffers>> buffers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_PINNED_RING_H_
