#include "cuda/runtime/cuda_runtime.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "c10/cuda/CUDACachingAllocator.h"
#include "c10/cuda/CUDAStream.h"
#include "cuda/runtime/call_on_device.h"
#include "cuda/runtime/cuda_devices.h"
#include "cuda/runtime/cuda_error.h"
#include "cuda/runtime/event_pool.h"
#include "cuda/runtime/peer_access.h"
#include "cuda/runtime/torch_allocator.h"
#include "cuda/segments/segment_kernel.h"
#include "cuda_runtime_api.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

using c10::cuda::CUDACachingAllocator::CUDAAllocator;

cudaStream_t StreamOf(c10::Stream stream) { return c10::cuda::CUDAStream(c10::cuda::CUDAStream::UNCHECKED, stream); }

// As CallOnDevice, for a function that returns an error of CUDA.
absl::Status CallCuda(std::string_view name, c10::Device device, absl::FunctionRef<cudaError_t()> call) {
  return CallOnDevice(name, device, [&](c10::Device) { return CudaStatus(call()); });
}

// Makes `stream` LibTorch's current stream of its device for this thread. Unlike c10's guard, it makes no call of CUDA.
class CurrentStreamGuard {
 public:
  explicit CurrentStreamGuard(c10::Stream stream) : previous_(c10::cuda::getCurrentCUDAStream(stream.device_index())) {
    c10::cuda::setCurrentCUDAStream(c10::cuda::CUDAStream(c10::cuda::CUDAStream::UNCHECKED, stream));
  }
  ~CurrentStreamGuard() { c10::cuda::setCurrentCUDAStream(previous_); }
  CurrentStreamGuard(const CurrentStreamGuard&) = delete;
  CurrentStreamGuard& operator=(const CurrentStreamGuard&) = delete;

 private:
  const c10::cuda::CUDAStream previous_;
};

// Returns its event to the pool, unless a call for it failed.
class Event final : public CudaEvent {
 public:
  Event(EventPool& pool, cudaEvent_t event, c10::Device device) : pool_(pool), event_(event), device_(device) {}
  ~Event() override {
    if (!CheckCudaProcess().ok()) return;
    if (has_failed_) {
      CallCuda("cudaEventDestroy", device_, [this] { return cudaEventDestroy(event_); }).IgnoreError();
    } else {
      pool_.Return(device_, event_);
    }
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  absl::Status Wait() override {
    absl::Status status = CallCuda("cudaEventSynchronize", device_, [this] { return cudaEventSynchronize(event_); });
    has_failed_ |= !status.ok();
    return status;
  }

  absl::Status Record(c10::Stream stream) {
    const cudaError_t error = cudaEventRecord(event_, StreamOf(stream));
    has_failed_ |= error != cudaSuccess;
    return CudaStatus(error);
  }

  absl::StatusOr<bool> IsDone() override {
    bool is_done = true;
    absl::Status status = CallCuda("cudaEventQuery", device_, [&] {
      const cudaError_t error = cudaEventQuery(event_);
      is_done = error != cudaErrorNotReady;
      return is_done ? error : cudaSuccess;
    });
    has_failed_ |= !status.ok();
    if (!status.ok()) return status;
    return is_done;
  }

  cudaEvent_t event() const { return event_; }
  c10::Device device() const { return device_; }

 private:
  EventPool& pool_;
  const cudaEvent_t event_;
  const c10::Device device_;
  bool has_failed_ = false;
};

class RealCudaRuntime final : public CudaRuntime {
 public:
  absl::StatusOr<int> DeviceCount() override { return CountCudaDevices(); }

  absl::StatusOr<CudaMemoryInfo> MemoryInfo(c10::Device device) override {
    CudaMemoryInfo info;
    absl::Status status = CallOnDevice("cudaMemGetInfo", device, [&](c10::Device found) -> absl::Status {
      const absl::StatusOr<CUDAAllocator*> allocator = TorchAllocator();
      if (!allocator.ok()) return allocator.status();
      const auto stats = (*allocator)->getDeviceStats(found.index());
      constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
      // Blocks that are freed, but that other streams still use, count too: Allocate waits for them before it fails.
      info.cached_bytes = stats.reserved_bytes[kAll].current - stats.allocated_bytes[kAll].current;
      std::size_t free = 0, total = 0;
      const cudaError_t error = cudaMemGetInfo(&free, &total);
      info.free_bytes = static_cast<std::int64_t>(free);
      info.total_bytes = static_cast<std::int64_t>(total);
      return CudaStatus(error);
    });
    if (!status.ok()) return status;
    return info;
  }

  absl::StatusOr<c10::Stream> CurrentStream(c10::Device device) override {
    const absl::StatusOr<c10::Device> found = FindDevice(device);
    if (!found.ok()) return found.status();
    if (absl::Status status = PrepareStreams(*found); !status.ok()) return status;
    // The calling thread's own. Once the streams are prepared, LibTorch makes no call of CUDA for it.
    absl::StatusOr<c10::Stream> stream =
        CatchTorch("current stream", [&] { return c10::cuda::getCurrentCUDAStream(found->index()).unwrap(); });
    if (!stream.ok()) return stream;
    if (absl::Status status = CheckNotCapturing(*stream); !status.ok()) return status;
    return stream;
  }

  absl::StatusOr<c10::Stream> TransferStream(c10::Device device) override {
    std::optional<c10::Stream> stream;
    absl::Status status = CallOnDevice("stream for transfers", device, [&](c10::Device found) {
      // Not one of LibTorch's pool: other code could be given the same one, and capture a graph on it.
      cudaStream_t created = nullptr;
      const cudaError_t error = cudaStreamCreateWithPriority(&created, cudaStreamNonBlocking, /*priority=*/0);
      if (error == cudaSuccess) stream = c10::cuda::getStreamFromExternal(created, found.index()).unwrap();
      return CudaStatus(error);
    });
    if (!status.ok()) return status;
    return *stream;
  }

  absl::StatusOr<c10::DataPtr> Allocate(c10::Stream stream, std::int64_t size) override {
    c10::DataPtr memory;
    absl::Status status = CallOnDevice("allocating", stream.device(), [&](c10::Device) -> absl::Status {
      const absl::StatusOr<CUDAAllocator*> allocator = TorchAllocator();
      if (!allocator.ok()) return allocator.status();
      const CurrentStreamGuard guard(stream);
      memory = (*allocator)->allocate(static_cast<std::size_t>(size));
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return memory;
  }

  c10::Allocator* allocator() override { return c10::cuda::CUDACachingAllocator::get(); }

  absl::StatusOr<PinnedMemory> AllocatePinned(c10::Device device, std::int64_t size) override {
    void* memory = nullptr;
    c10::Device user = device;
    absl::Status status =
        CallOnDevice(absl::StrCat("cudaHostAlloc of ", size, " bytes"), device, [&](c10::Device found) {
          user = found;
          return CudaStatus(cudaHostAlloc(&memory, static_cast<std::size_t>(size), cudaHostAllocPortable));
        });
    if (!status.ok()) return status;
    // Freeing it on a device without a context would create one.
    return PinnedMemory(static_cast<char*>(memory), [user](char* freed) {
      CallCuda("cudaFreeHost", user, [freed] { return cudaFreeHost(freed); }).IgnoreError();
    });
  }

  absl::StatusOr<bool> IsPinned(const void* memory, std::int64_t size, c10::Device device) override {
    const char* first = static_cast<const char*>(memory);
    bool is_pinned = true;
    absl::Status status = CallCuda("cudaPointerGetAttributes", device, [&] {
      for (const char* byte : {first, first + size - 1}) {
        cudaPointerAttributes attributes = {};
        const cudaError_t error = cudaPointerGetAttributes(&attributes, byte);
        // So do older runtimes answer for memory that they do not know.
        if (error != cudaSuccess && error != cudaErrorInvalidValue) return error;
        is_pinned &= error == cudaSuccess && attributes.type == cudaMemoryTypeHost;
      }
      return cudaSuccess;
    });
    if (!status.ok()) return status;
    return is_pinned;
  }

  absl::StatusOr<bool> EnablePeerAccess(c10::Device device, c10::Device peer) override {
    const absl::StatusOr<c10::Device> found_peer = FindDevice(peer);
    if (!found_peer.ok()) return found_peer.status();
    absl::StatusOr<bool> result;
    absl::Status status = CallOnDevice(absl::StrCat("access to ", peer.str()), device, [&](c10::Device found) {
      result = peers_.Enable(found, *found_peer);
      return result.status();
    });
    if (!status.ok()) return status;
    return result;
  }

  absl::Status Fill(void* into, unsigned char fill, std::int64_t size, c10::Stream stream) override {
    return CallCuda("cudaMemsetAsync", stream.device(),
                    [&] { return cudaMemsetAsync(into, fill, static_cast<std::size_t>(size), StreamOf(stream)); });
  }

  absl::Status Copy(void* into, const void* from, std::int64_t size, c10::Stream stream) override {
    return CallCuda("cudaMemcpyAsync", stream.device(), [&] {
      // The address space is unified, so CUDA derives the direction from the addresses.
      return cudaMemcpyAsync(into, from, static_cast<std::size_t>(size), cudaMemcpyDefault, StreamOf(stream));
    });
  }

  absl::Status CopyPeer(void* into, c10::Device into_device, const void* from, c10::Device from_device,
                        std::int64_t size, c10::Stream stream) override {
    return CallCuda("cudaMemcpyPeerAsync", stream.device(), [&] {
      return cudaMemcpyPeerAsync(into, into_device.index(), from, from_device.index(), static_cast<std::size_t>(size),
                                 StreamOf(stream));
    });
  }

  absl::Status LaunchSegments(const SegmentTable& table, c10::Stream stream) override {
    return CallCuda("launching the segment kernel", stream.device(),
                    [&] { return metaconv::LaunchSegments(table, StreamOf(stream)); });
  }

  absl::Status LaunchArgumentSegments(const SegmentTable& table, c10::Stream stream) override {
    return CallCuda("launching the segment kernel", stream.device(),
                    [&] { return metaconv::LaunchArgumentSegments(table, StreamOf(stream)); });
  }

  absl::StatusOr<std::unique_ptr<CudaEvent>> Record(c10::Stream stream) override {
    std::unique_ptr<Event> result;
    absl::Status status = CallOnDevice("cudaEventRecord", stream.device(), [&](c10::Device device) {
      cudaEvent_t event = nullptr;
      if (const cudaError_t error = events_.Take(device, &event); error != cudaSuccess) return CudaStatus(error);
      result = std::make_unique<Event>(events_, event, device);
      return result->Record(stream);
    });
    if (!status.ok()) return status;
    return result;
  }

  absl::Status StreamWait(c10::Stream stream, const CudaEvent& event) override {
    const Event& real = static_cast<const Event&>(event);
    return CallCuda(absl::StrCat("cudaStreamWaitEvent for work of ", real.device().str()), stream.device(),
                    [&] { return cudaStreamWaitEvent(StreamOf(stream), real.event(), cudaEventWaitDefault); });
  }

  absl::Status Synchronize(c10::Stream stream) override {
    return CallCuda("cudaStreamSynchronize", stream.device(), [&] { return cudaStreamSynchronize(StreamOf(stream)); });
  }

 private:
  // The first use of LibTorch's streams asks CUDA for their priorities.
  absl::Status PrepareStreams(c10::Device device) {
    if (has_streams_) return absl::OkStatus();
    absl::Status status = CallOnDevice("LibTorch's streams", device, [](c10::Device found) {
      static_cast<void>(c10::cuda::getDefaultCUDAStream(found.index()));
      return absl::OkStatus();
    });
    has_streams_ = status.ok();
    return status;
  }

  // Neither this question nor its answer invalidates a capture. For the default stream it is an error if a stream that
  // depends on it captures; any work on the default stream would invalidate that capture.
  static absl::Status CheckNotCapturing(c10::Stream stream) {
    return CallOnDevice("the current stream", stream.device(), [&](c10::Device) {
      cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
      const cudaError_t error = cudaStreamIsCapturing(StreamOf(stream), &capture);
      if (error != cudaSuccess) return CudaStatus(error);
      if (capture == cudaStreamCaptureStatusNone) return absl::OkStatus();
      return absl::FailedPreconditionError(
          "the stream captures a graph; use another stream, or call after the capture");
    });
  }

  std::atomic<bool> has_streams_ = false;
  EventPool events_;
  PeerAccess peers_;
};

}  // namespace

CudaRuntime& TheCudaRuntime() {
  static RealCudaRuntime& runtime = *new RealCudaRuntime();
  return runtime;
}

}  // namespace metaconv
