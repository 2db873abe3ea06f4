// CudaRuntime: what the storage path asks of CUDA, and no more. A seam for tests: see tests/cuda/host_runtime.h.
//
// Example:
//   absl::StatusOr<c10::Stream> stream = runtime.CurrentStream(device);
//   absl::StatusOr<c10::DataPtr> memory = runtime.Allocate(*stream, size);
//   absl::StatusOr<PinnedMemory> pinned = runtime.AllocatePinned(device, size);
//   absl::Status status = runtime.Copy(memory->get(), pinned->get(), size, *stream);
//   status = runtime.Synchronize(*stream);
//
// Work that is begun on a stream is done later, in the order in which it was begun there; nothing orders two streams but
// events. An error of such work comes with the first wait for it, and perhaps with calls after it.
//
// Errors: kFailedPrecondition without a driver, kNotFound for a device that is not there, kResourceExhausted when memory
// runs out, kInternal for all else; the message names the call and the device.
//
// Thread safety: Thread-safe. An event is for one thread at a time.
// Lifetime: outlives the memory and the events that it gave, unless the implementation says otherwise.

#ifndef METACONV_CUDA_RUNTIME_H_
#define METACONV_CUDA_RUNTIME_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Allocator.h"
#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "cuda/segments.h"

namespace metaconv {

struct CudaMemoryInfo {
  std::int64_t free_bytes = 0;
  std::int64_t total_bytes = 0;
};

// Host memory that devices read and write by themselves.
using PinnedMemory = std::unique_ptr<char, std::function<void(char*)>>;

// A point in the work of a stream.
class CudaEvent {
 public:
  virtual ~CudaEvent() = default;

  // Until the work before it is done. Errors: also those of that work.
  virtual absl::Status Wait() = 0;
};

class CudaRuntime {
 public:
  virtual ~CudaRuntime() = default;

  virtual absl::StatusOr<int> DeviceCount() = 0;

  virtual absl::StatusOr<CudaMemoryInfo> MemoryInfo(c10::Device device) = 0;

  // The caller's: each thread has one for each device.
  virtual absl::StatusOr<c10::Stream> CurrentStream(c10::Device device) = 0;

  // Memory on the stream's device, to be used there in stream order, and free for other work of the stream as soon as it
  // is released. `size` is positive.
  virtual absl::StatusOr<c10::DataPtr> Allocate(c10::Stream stream, std::int64_t size) = 0;

  // The allocator behind Allocate, with which storages can grow; may be null.
  virtual c10::Allocator* allocator() = 0;

  // To be released when no work uses it any more. `device` is one that will: no other one is woken up for it.
  virtual absl::StatusOr<PinnedMemory> AllocatePinned(c10::Device device, std::int64_t size) = 0;

  // Begins a copy within the stream's device, or between it and pinned memory.
  virtual absl::Status Copy(void* into, const void* from, std::int64_t size, c10::Stream stream) = 0;

  // Begins a copy from one device to another.
  virtual absl::Status CopyPeer(void* into, c10::Device into_device, const void* from, c10::Device from_device,
                                std::int64_t size, c10::Stream stream) = 0;

  // Begins the work of `table`, whose segments are memory of the device.
  virtual absl::Status LaunchSegments(const SegmentTable& table, c10::Stream stream) = 0;

  // An event after all that was begun on the stream.
  virtual absl::StatusOr<std::unique_ptr<CudaEvent>> Record(c10::Stream stream) = 0;

  // What is begun on `stream` from now on comes after `event`, of this or another device's stream.
  virtual absl::Status StreamWait(c10::Stream stream, const CudaEvent& event) = 0;

  // Until all that was begun on the stream is done. Errors: also those of that work.
  virtual absl::Status Synchronize(c10::Stream stream) = 0;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_RUNTIME_H_
