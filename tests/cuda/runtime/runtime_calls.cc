#include "tests/cuda/runtime/runtime_calls.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "c10/core/Allocator.h"
#include "c10/core/Stream.h"
#include "cuda/runtime/cuda_runtime.h"
#include "cuda/segments/segments.h"

namespace metaconv {
namespace {

constexpr std::int64_t kSize = 512;

// The memory begins with a segment for the kernel. The calls write only to its second half.
constexpr std::int64_t kHalf = kSize / 2;

struct Arguments {
  c10::Stream stream;
  c10::DataPtr memory;
  PinnedMemory pinned;
  std::unique_ptr<CudaEvent> event;
  std::int64_t allocation = std::int64_t{20} << 20;

  char* second_half() { return static_cast<char*>(memory.mutable_get()) + kHalf; }
};

std::shared_ptr<Arguments> MakeArguments(c10::Device device) {
  CudaRuntime& runtime = TheCudaRuntime();
  const c10::Stream stream = runtime.CurrentStream(device).value();
  auto uses = std::make_shared<Arguments>(Arguments{.stream = stream,
                                                    .memory = runtime.Allocate(stream, kSize).value(),
                                                    .pinned = runtime.AllocatePinned(device, kSize).value(),
                                                    .event = runtime.Record(stream).value()});
  const Segment segment = {.into = uses->second_half(), .size = kHalf / 2};
  std::memset(uses->pinned.get(), 0, kSize);
  std::memcpy(uses->pinned.get(), &segment, sizeof(segment));
  return uses;
}

}  // namespace

std::vector<RuntimeCall> RuntimeCalls(c10::Device device) {
  CudaRuntime& runtime = TheCudaRuntime();
  const std::shared_ptr<Arguments> uses = MakeArguments(device);
  return {
      {"cudaMemGetInfo", [&runtime, device] { return runtime.MemoryInfo(device).status(); }},
      {"cudaStreamIsCapturing", [&runtime, device] { return runtime.CurrentStream(device).status(); }},
      {"cudaStreamCreateWithPriority", [&runtime, device] { return runtime.TransferStream(device).status(); }},
      {"cudaMalloc",
       [&runtime, uses] {
         // More than each block that the allocator keeps.
         uses->allocation += std::int64_t{2} << 20;
         return runtime.Allocate(uses->stream, uses->allocation).status();
       }},
      {"cudaHostAlloc", [&runtime, device] { return runtime.AllocatePinned(device, kSize).status(); }},
      {"cudaPointerGetAttributes",
       [&runtime, uses, device] { return runtime.IsPinned(uses->pinned.get(), kSize, device).status(); }},
      {"cudaMemcpyAsync",
       [&runtime, uses] { return runtime.Copy(uses->memory.mutable_get(), uses->pinned.get(), kSize, uses->stream); }},
      {"cudaMemsetAsync", [&runtime, uses] { return runtime.Fill(uses->second_half(), 1, kHalf, uses->stream); }},
      {"cudaMemcpyPeerAsync",
       [&runtime, uses, device] {
         return runtime.CopyPeer(uses->second_half(), device, uses->second_half() + kHalf / 2, device, kHalf / 2,
                                 uses->stream);
       }},
      {"cudaLaunchKernelExC",
       [&runtime, uses] {
         const SegmentTable table = {.segments = static_cast<const Segment*>(uses->memory.get()),
                                     .size = 1,
                                     .chunks = 1,
                                     .work = SegmentWork::kFill};
         return runtime.LaunchSegments(table, uses->stream);
       }},
      {"cudaEventRecord", [&runtime, uses] { return runtime.Record(uses->stream).status(); }},
      {"cudaStreamWaitEvent", [&runtime, uses] { return runtime.StreamWait(uses->stream, *uses->event); }},
      {"cudaEventSynchronize", [uses] { return uses->event->Wait(); }},
      {"cudaEventQuery", [uses] { return uses->event->IsDone().status(); }},
      {"cudaStreamSynchronize", [&runtime, uses] { return runtime.Synchronize(uses->stream); }},
  };
}

}  // namespace metaconv
