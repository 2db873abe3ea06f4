// CudaRuntime: the interface to the parts of CUDA that the storage path uses. Tests replace it: see
// tests/cuda/host_runtime.h.
//
// Example:
//   absl::StatusOr<c10::Stream> stream = runtime.CurrentStream(device);
//   absl::StatusOr<c10::DataPtr> memory = runtime.Allocate(*stream, size);
//   absl::StatusOr<PinnedMemory> pinned = runtime.AllocatePinned(device, size);
//   absl::Status status = runtime.Copy(memory->get(), pinned->get(), size, *stream);
//   status = runtime.Synchronize(*stream);
//
// Work on a stream runs asynchronously, in the order in which it was started on that stream. Work on two streams is
// ordered by events only. An error of such work is returned by the first call that waits for it, and possibly by later
// calls.
//
// Errors: kFailedPrecondition if there is no driver that fits, in a forked child of a process that had used CUDA, and
// for a stream that captures a graph; kNotFound for a device that does not exist; kUnavailable for a device that is
// busy or not ready; kUnimplemented for a device that the kernels were not compiled for; kResourceExhausted if memory
// runs out; kInternal for all others. Messages name the call and the device. After a fault on a device they have
// "context lost", and all further calls for that device return errors.
//
// Thread safety: Thread-safe. An event must be used by one thread at a time.
// Lifetime: must outlive the memory and the events that it returns, unless the implementation documents otherwise.

#ifndef METACONV_CUDA_RUNTIME_RUNTIME_H_
#define METACONV_CUDA_RUNTIME_RUNTIME_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Allocator.h"
#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "cuda/segments/segments.h"

namespace metaconv {

struct CudaMemoryInfo {
  std::int64_t free_bytes = 0;
  // Held by the allocator, but not in use: Allocate may return this memory too.
  std::int64_t cached_bytes = 0;
  std::int64_t total_bytes = 0;
};

// Page-locked host memory, which devices can access directly.
using PinnedMemory = std::unique_ptr<char, std::function<void(char*)>>;

// A point in the work of a stream (cudaEvent_t).
class CudaEvent {
 public:
  virtual ~CudaEvent() = default;

  // Waits until the work before the event is done. Errors: also those of that work.
  virtual absl::Status Wait() = 0;

  // Whether that work is done. Does not wait. Errors: those of that work, if it has failed already.
  virtual absl::StatusOr<bool> IsDone() = 0;
};

class CudaRuntime {
 public:
  virtual ~CudaRuntime() = default;

  virtual absl::StatusOr<int> DeviceCount() = 0;

  virtual absl::StatusOr<CudaMemoryInfo> MemoryInfo(c10::Device device) = 0;

  // The calling thread's current stream of `device`. Errors: kFailedPrecondition if the stream captures a graph,
  // because the work of a storage path must not become part of one.
  virtual absl::StatusOr<c10::Stream> CurrentStream(c10::Device device) = 0;

  // A new stream of `device` for transfers, on which copies can run while other streams compute, and which no other code
  // has. It exists until the process ends, so ask for few.
  virtual absl::StatusOr<c10::Stream> TransferStream(c10::Device device) = 0;

  // Memory on the stream's device for use on that stream. After it is freed, it may be reused by later work on the same
  // stream. `size` must be positive.
  virtual absl::StatusOr<c10::DataPtr> Allocate(c10::Stream stream, std::int64_t size) = 0;

  // The allocator that Allocate uses, with which storages can be resized; may be null.
  virtual c10::Allocator* allocator() = 0;

  // Must be freed after all work that uses it is done. `device` is one of the devices that will use it; no other device
  // is initialized.
  virtual absl::StatusOr<PinnedMemory> AllocatePinned(c10::Device device, std::int64_t size) = 0;

  // Whether devices can access all of these bytes of host memory directly. False for memory that is not known to CUDA.
  virtual absl::StatusOr<bool> IsPinned(const void* memory, std::int64_t size, c10::Device device) = 0;

  // Allows work on `device` to access memory of `peer`, if the machine can do that. Returns whether it can.
  virtual absl::StatusOr<bool> EnablePeerAccess(c10::Device device, c10::Device peer) = 0;

  // Starts setting `size` bytes to `fill`.
  virtual absl::Status Fill(void* into, unsigned char fill, std::int64_t size, c10::Stream stream) = 0;

  // Starts a copy within the stream's device, or between the device and pinned memory.
  virtual absl::Status Copy(void* into, const void* from, std::int64_t size, c10::Stream stream) = 0;

  // Starts a copy from one device to another.
  virtual absl::Status CopyPeer(void* into, c10::Device into_device, const void* from, c10::Device from_device,
                                std::int64_t size, c10::Stream stream) = 0;

  // Starts the work of `table`, whose segments must be in memory of the device.
  virtual absl::Status LaunchSegments(const SegmentTable& table, c10::Stream stream) = 0;

  // Starts the work of `table`, whose segments, at most kMaxArgumentSegments, must be in host memory. They are passed
  // as arguments of the kernel and need not exist after the call.
  virtual absl::Status LaunchArgumentSegments(const SegmentTable& table, c10::Stream stream) = 0;

  // Records an event after all work that was started on the stream.
  virtual absl::StatusOr<std::unique_ptr<CudaEvent>> Record(c10::Stream stream) = 0;

  // Makes work that is started on `stream` from now on wait for `event`, which may be of another stream or device.
  virtual absl::Status StreamWait(c10::Stream stream, const CudaEvent& event) = 0;

  // Waits until all work that was started on the stream is done. Errors: also those of that work.
  virtual absl::Status Synchronize(c10::Stream stream) = 0;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_RUNTIME_RUNTIME_H_
