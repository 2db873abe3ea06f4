// HostRuntime: a test double of CudaRuntime, whose devices use host memory. It runs the work of streams as late as CUDA
// may, or in a random valid order, and detects errors that real devices may not show.
//
// Example:
//   HostRuntime runtime({.devices = 2, .seed = 7});
//   ... use it ...
//   EXPECT_THAT(runtime.Drain(), testing::IsEmpty());    // The detected errors, as text.
//   EXPECT_EQ(runtime.live(), HostRuntime::Live());      // Nothing was leaked.
//
// Findings:
//   memory used after it was freed, or freed while another stream's work may use it, or pinned while any may
//   two streams' work on the same bytes, one of them writing, with no event between
//   memory used on a stream that did not wait for the work which the allocating stream had before the allocation
//   pinned memory that the host changed while a copy from it was pending
//   an access outside of memory, to another device's memory, to host memory that is not pinned
//   tables that contradict themselves or write the same bytes twice
// It cannot detect that the host reads pinned memory too early. The data is then wrong, because the work is not done
// yet.
//
// The order of work is tracked with vector clocks, which are updated by events and when the host waits. A missing event
// is therefore detected even if the work happened to run in the right order.
//
// Thread safety: Thread-safe. If one thread has waited for work, the work counts as finished for all threads.
// Lifetime: memory and events may outlive it.

#ifndef METACONV_TESTS_CUDA_HOST_RUNTIME_H_
#define METACONV_TESTS_CUDA_HOST_RUNTIME_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cuda/runtime/runtime.h"

namespace metaconv {

class HostRuntime final : public CudaRuntime {
 public:
  struct Options {
    int devices = 2;
    // 0: work runs as late as possible: when a call waits for it, or asks for the second time whether it is done.
    // Otherwise: work runs in a random order, some of it early.
    std::uint64_t seed = 0;
    std::int64_t memory_per_device = std::int64_t{1} << 30;
    // Whether devices can access the memory of other devices.
    bool peers = false;
  };

  // The number of objects that were created and not yet released.
  struct Live {
    int device_memories = 0;
    int pinned_memories = 0;
    int events = 0;
    friend bool operator==(const Live&, const Live&) = default;
  };

  class State;

  explicit HostRuntime(const Options& options);
  ~HostRuntime() override;

  // Sets the calling thread's current stream to stream `id`.
  void UseStream(c10::Device device, c10::StreamId id);

  // Work of the stream does not run until Unblock: calls that wait for it wait until then.
  void Block(c10::Device device, c10::StreamId id);
  void Unblock(c10::Device device, c10::StreamId id);

  // After `calls` more calls of any kind, the next call fails and has no effect.
  void FailAfterCalls(int calls);
  // The number of calls so far.
  int calls() const;
  // After `works` more pieces of work, the next one fails: it and all work after it do not run until a stream is
  // synchronized. The call that waits returns the error.
  void FailAfterWorks(int works);
  int works() const;

  // Runs all pending work, and returns the errors detected so far.
  std::vector<std::string> Drain();
  Live live() const;

  absl::StatusOr<int> DeviceCount() override;
  absl::StatusOr<CudaMemoryInfo> MemoryInfo(c10::Device device) override;
  absl::StatusOr<c10::Stream> CurrentStream(c10::Device device) override;
  absl::StatusOr<c10::Stream> TransferStream(c10::Device device) override;
  absl::StatusOr<c10::DataPtr> Allocate(c10::Stream stream, std::int64_t size) override;
  c10::Allocator* allocator() override { return nullptr; }
  absl::StatusOr<PinnedMemory> AllocatePinned(c10::Device device, std::int64_t size) override;
  absl::StatusOr<bool> IsPinned(const void* memory, std::int64_t size, c10::Device device) override;
  absl::StatusOr<bool> EnablePeerAccess(c10::Device device, c10::Device peer) override;
  absl::Status Fill(void* into, unsigned char fill, std::int64_t size, c10::Stream stream) override;
  absl::Status Copy(void* into, const void* from, std::int64_t size, c10::Stream stream) override;
  absl::Status CopyPeer(void* into, c10::Device into_device, const void* from, c10::Device from_device,
                        std::int64_t size, c10::Stream stream) override;
  absl::Status LaunchSegments(const SegmentTable& table, c10::Stream stream) override;
  absl::Status LaunchArgumentSegments(const SegmentTable& table, c10::Stream stream) override;
  absl::StatusOr<std::unique_ptr<CudaEvent>> Record(c10::Stream stream) override;
  absl::Status StreamWait(c10::Stream stream, const CudaEvent& event) override;
  absl::Status Synchronize(c10::Stream stream) override;

 private:
  const std::shared_ptr<State> state_;
};

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_HOST_RUNTIME_H_
