// HostRuntime: CUDA devices made of host memory, for tests of what is written against CudaRuntime. Does the work of streams
// as late, or in as unlikely an order, as CUDA may, and notes what CUDA would let pass until it goes wrong.
//
// Example:
//   HostRuntime runtime({.devices = 2, .seed = 7});
//   ... use it ...
//   EXPECT_THAT(runtime.Drain(), testing::IsEmpty());    // Findings, as text.
//   EXPECT_EQ(runtime.live(), HostRuntime::Live());      // Nothing is left.
//
// Findings:
//   memory used after it was freed, or freed while another stream's work may use it, or pinned while any may
//   two streams' work on the same bytes, one of them writing, with no event between
//   pinned memory that the host changed while a copy from it was pending
//   an access outside of memory, to another device's memory, to host memory that is not pinned
//   tables that contradict themselves or write the same bytes twice
// What cannot be seen, a host that reads pinned memory too early, shows as wrong data, since the work is not yet done.
//
// Order is told by vector clocks, not by luck: each stream knows up to where it comes after each other one, from events,
// and after what the host has waited for. So a missing event is found even if this time all went well.
//
// Thread safety: Thread-safe. What one thread waited for counts as known to all.
// Lifetime: memory and events may outlive it.

#ifndef METACONV_TESTS_CUDA_HOST_RUNTIME_H_
#define METACONV_TESTS_CUDA_HOST_RUNTIME_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cuda/runtime.h"

namespace metaconv {

class HostRuntime final : public CudaRuntime {
 public:
  struct Options {
    int devices = 2;
    // 0: nothing is done before it must be. Else: in random order, some of it early.
    std::uint64_t seed = 0;
    std::int64_t memory_per_device = std::int64_t{1} << 30;
  };

  // What was given and not yet given back.
  struct Live {
    int device_memories = 0;
    int pinned_memories = 0;
    int events = 0;
    friend bool operator==(const Live&, const Live&) = default;
  };

  class State;

  explicit HostRuntime(const Options& options);
  ~HostRuntime() override;

  // Makes stream `id` the calling thread's current one.
  void UseStream(c10::Device device, c10::StreamId id);

  // The call after `calls` more, of any kind, fails without having done anything.
  void FailAfterCalls(int calls);
  // How many calls there were.
  int calls() const;
  // The piece of work after `works` more is not done, nor what comes after it, until a stream is synchronized; the error
  // comes with whoever waits.
  void FailAfterWorks(int works);
  int works() const;

  // Does all that is pending, and returns the findings so far.
  std::vector<std::string> Drain();
  Live live() const;

  absl::StatusOr<int> DeviceCount() override;
  absl::StatusOr<CudaMemoryInfo> MemoryInfo(c10::Device device) override;
  absl::StatusOr<c10::Stream> CurrentStream(c10::Device device) override;
  absl::StatusOr<c10::DataPtr> Allocate(c10::Stream stream, std::int64_t size) override;
  c10::Allocator* allocator() override { return nullptr; }
  absl::StatusOr<PinnedMemory> AllocatePinned(c10::Device device, std::int64_t size) override;
  absl::Status Copy(void* into, const void* from, std::int64_t size, c10::Stream stream) override;
  absl::Status CopyPeer(void* into, c10::Device into_device, const void* from, c10::Device from_device,
                        std::int64_t size, c10::Stream stream) override;
  absl::Status LaunchSegments(const SegmentTable& table, c10::Stream stream) override;
  absl::StatusOr<std::unique_ptr<CudaEvent>> Record(c10::Stream stream) override;
  absl::Status StreamWait(c10::Stream stream, const CudaEvent& event) override;
  absl::Status Synchronize(c10::Stream stream) override;

 private:
  const std::shared_ptr<State> state_;
};

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_HOST_RUNTIME_H_
