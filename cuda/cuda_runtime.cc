#include "cuda/cuda_runtime.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "c10/cuda/CUDACachingAllocator.h"
#include "c10/cuda/CUDAGuard.h"
#include "c10/cuda/CUDAStream.h"
#include "c10/cuda/PeerToPeerAccess.h"
#include "cuda/segment_kernel.h"
#include "cuda_runtime_api.h"
#include "meta/torch_status.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

absl::StatusCode CodeOf(cudaError_t error) {
  switch (error) {
    case cudaErrorInsufficientDriver:
    case cudaErrorStubLibrary:
    case cudaErrorInitializationError:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice:
      return absl::StatusCode::kFailedPrecondition;
    case cudaErrorNoDevice:
    case cudaErrorInvalidDevice:
      return absl::StatusCode::kNotFound;
    case cudaErrorMemoryAllocation:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status StatusOf(cudaError_t error, std::string_view call) {
  if (error == cudaSuccess) return absl::OkStatus();
  // Clears the error, so that a later call does not report it again.
  static_cast<void>(cudaGetLastError());
  return absl::Status(CodeOf(error),
                      absl::StrCat(std::string(call), ": ", cudaGetErrorName(error), ": ", cudaGetErrorString(error)));
}

absl::StatusOr<int> CountDevices() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorNoDevice) {
    static_cast<void>(cudaGetLastError());
    return 0;
  }
  absl::Status status = StatusOf(error, "cudaGetDeviceCount");
  if (status.ok()) return count;
  // Without a driver CUDA reports a driver version that is too old.
  int driver = 0;
  if (cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0) {
    return WithContext("there is no NVIDIA driver", status);
  }
  return status;
}

// Checks that the device exists, and initializes LibTorch's allocator.
absl::Status Require(c10::Device device) {
  // The number of devices and the driver do not change while a process runs.
  static const absl::StatusOr<int>& count = *new absl::StatusOr<int>(CountDevices());
  if (!count.ok()) return WithContext(device.str(), count.status());
  if (!device.is_cuda() || device.index() >= *count) {
    return absl::NotFoundError(absl::StrCat(device.str(), ": no such device; there are ", *count));
  }
  // Other code in the process may have initialized the allocator already; doing it again has no effect.
  static std::once_flag is_initialized;
  return CatchTorch("initializing LibTorch's allocator",
                    [] { std::call_once(is_initialized, [] { c10::cuda::CUDACachingAllocator::init(*count); }); });
}

cudaStream_t StreamOf(c10::Stream stream) { return c10::cuda::CUDAStream(c10::cuda::CUDAStream::UNCHECKED, stream); }

// Calls `call` with `device` as the current device, and converts exceptions of c10 to errors.
template <typename Call>
auto OnDevice(std::string_view doing, c10::Device device, Call&& call)
    -> decltype(CatchTorch(std::string(), std::forward<Call>(call))) {
  if (absl::Status status = Require(device); !status.ok()) return status;
  return CatchTorch(absl::StrCat(device.str(), ": ", std::string(doing)), [&] {
    const c10::cuda::OptionalCUDAGuard guard(device.has_index() ? std::optional(device) : std::nullopt);
    return call();
  });
}

// As OnDevice, for a call that returns a CUDA error code.
template <typename Call>
absl::Status CallCuda(std::string_view name, c10::Device device, Call&& call) {
  return OnDevice(name, device, [&] { return StatusOf(call(), absl::StrCat(device.str(), ": ", std::string(name))); });
}

class Event final : public CudaEvent {
 public:
  Event(cudaEvent_t event, c10::Device device) : event_(event), device_(device) {}
  ~Event() override { static_cast<void>(cudaEventDestroy(event_)); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  absl::Status Wait() override {
    return CallCuda("cudaEventSynchronize", device_, [this] { return cudaEventSynchronize(event_); });
  }

  absl::StatusOr<bool> IsDone() override {
    bool is_done = true;
    absl::Status status = CallCuda("cudaEventQuery", device_, [&] {
      const cudaError_t error = cudaEventQuery(event_);
      if (error != cudaErrorNotReady) return error;
      is_done = false;
      // CUDA also keeps this answer as the thread's last error.
      if (cudaPeekAtLastError() == cudaErrorNotReady) static_cast<void>(cudaGetLastError());
      return cudaSuccess;
    });
    if (!status.ok()) return status;
    return is_done;
  }

  cudaEvent_t event() const { return event_; }

 private:
  const cudaEvent_t event_;
  const c10::Device device_;
};

class RealCudaRuntime final : public CudaRuntime {
 public:
  absl::StatusOr<int> DeviceCount() override { return CountDevices(); }

  absl::StatusOr<CudaMemoryInfo> MemoryInfo(c10::Device device) override {
    std::size_t free = 0, total = 0;
    absl::Status status = CallCuda("cudaMemGetInfo", device, [&] { return cudaMemGetInfo(&free, &total); });
    if (!status.ok()) return status;
    return CudaMemoryInfo{.free_bytes = static_cast<std::int64_t>(free),
                          .total_bytes = static_cast<std::int64_t>(total)};
  }

  absl::StatusOr<c10::Stream> CurrentStream(c10::Device device) override {
    return OnDevice("current stream", device, [&] { return c10::cuda::getCurrentCUDAStream(device.index()).unwrap(); });
  }

  absl::StatusOr<c10::Stream> TransferStream(c10::Device device) override {
    return OnDevice("stream for transfers", device,
                    [&] { return c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index()).unwrap(); });
  }

  absl::StatusOr<c10::DataPtr> Allocate(c10::Stream stream, std::int64_t size) override {
    return OnDevice("allocating", stream.device(), [&] {
      const c10::cuda::CUDAStreamGuard guard(stream);
      return c10::cuda::CUDACachingAllocator::get()->allocate(static_cast<std::size_t>(size));
    });
  }

  c10::Allocator* allocator() override { return c10::cuda::CUDACachingAllocator::get(); }

  absl::StatusOr<PinnedMemory> AllocatePinned(c10::Device device, std::int64_t size) override {
    void* memory = nullptr;
    absl::Status status = CallCuda(absl::StrCat("cudaHostAlloc of ", size, " bytes"), device, [&] {
      return cudaHostAlloc(&memory, static_cast<std::size_t>(size), cudaHostAllocPortable);
    });
    if (!status.ok()) return status;
    return PinnedMemory(static_cast<char*>(memory), [](char* freed) { static_cast<void>(cudaFreeHost(freed)); });
  }

  absl::StatusOr<bool> IsPinned(const void* memory, std::int64_t size, c10::Device device) override {
    const char* first = static_cast<const char*>(memory);
    bool is_pinned = true;
    for (const char* byte : {first, first + size - 1}) {
      cudaPointerAttributes attributes = {};
      absl::Status status =
          CallCuda("cudaPointerGetAttributes", device, [&] { return cudaPointerGetAttributes(&attributes, byte); });
      if (!status.ok()) return status;
      is_pinned &= attributes.type == cudaMemoryTypeHost;
    }
    return is_pinned;
  }

  absl::StatusOr<bool> EnablePeerAccess(c10::Device device, c10::Device peer) override {
    return OnDevice("enabling access to a peer", device,
                    [&] { return c10::cuda::get_p2p_access(device.index(), peer.index()); });
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
    std::unique_ptr<CudaEvent> result;
    absl::Status status = CallCuda("cudaEventRecord", stream.device(), [&] {
      cudaEvent_t event = nullptr;
      if (cudaError_t error = cudaEventCreateWithFlags(&event, cudaEventDisableTiming); error != cudaSuccess)
        return error;
      result = std::make_unique<Event>(event, stream.device());
      return cudaEventRecord(event, StreamOf(stream));
    });
    if (!status.ok()) return status;
    return result;
  }

  absl::Status StreamWait(c10::Stream stream, const CudaEvent& event) override {
    return CallCuda("cudaStreamWaitEvent", stream.device(), [&] {
      return cudaStreamWaitEvent(StreamOf(stream), static_cast<const Event&>(event).event(), cudaEventWaitDefault);
    });
  }

  absl::Status Synchronize(c10::Stream stream) override {
    return CallCuda("cudaStreamSynchronize", stream.device(), [&] { return cudaStreamSynchronize(StreamOf(stream)); });
  }
};

}  // namespace

CudaRuntime& TheCudaRuntime() {
  static RealCudaRuntime& runtime = *new RealCudaRuntime();
  return runtime;
}

}  // namespace metaconv
