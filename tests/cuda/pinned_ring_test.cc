#include "cuda/pinned_ring.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/host_runtime.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kSize = 256;

c10::Device Cuda(int index) { return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)); }

TEST(PinnedRing, AllocatesOnFirstUseAndKeepsBuffers) {
  HostRuntime runtime({});
  {
    PinnedRing ring(runtime, 3, kSize);
    EXPECT_EQ(ring.buffer_size(), kSize);
    EXPECT_EQ(runtime.live(), HostRuntime::Live());
    std::set<char*> seen;
    for (int i = 0; i < 10; ++i) {
      absl::StatusOr<PinnedRing::Lease> lease = ring.Acquire(Cuda(0));
      ASSERT_THAT(lease, IsOk());
      std::memset(lease->data(), i, kSize);
      seen.insert(lease->data());
      EXPECT_EQ(runtime.live().pinned_memories, std::min(i + 1, 3));
    }
    EXPECT_THAT(seen, testing::SizeIs(3));
  }
  EXPECT_EQ(runtime.live(), HostRuntime::Live());
}

TEST(PinnedRing, BuffersInUseAreNotHandedOut) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    HostRuntime runtime({.seed = seed});
    const c10::Stream stream = runtime.CurrentStream(Cuda(0)).value();
    {
      std::optional<PinnedRing> ring(std::in_place, runtime, 2, kSize);
      std::vector<c10::DataPtr> memories;
      for (char i = 0; i < 20; ++i) {
        memories.push_back(runtime.Allocate(stream, kSize).value());
        absl::StatusOr<PinnedRing::Lease> lease = ring->Acquire(Cuda(0));
        ASSERT_THAT(lease, IsOk());
        std::memset(lease->data(), i, kSize);
        lease->UseOn(stream);
        ASSERT_THAT(runtime.Copy(memories.back().get(), lease->data(), kSize, stream), IsOk());
      }
      ring.reset();  // Waits for the last transfers.
      for (char i = 0; i < 20; ++i) {
        EXPECT_EQ(std::string(static_cast<char*>(memories[i].get()), kSize), std::string(kSize, i));
      }
    }
    EXPECT_THAT(runtime.Drain(), IsEmpty());
    EXPECT_EQ(runtime.live(), HostRuntime::Live());
  }
}

TEST(PinnedRing, WithoutUseOnTheTestDoubleReportsAnError) {
  HostRuntime runtime({});
  const c10::Stream stream = runtime.CurrentStream(Cuda(0)).value();
  const c10::DataPtr memory = runtime.Allocate(stream, kSize).value();
  PinnedRing ring(runtime, 1, kSize);
  ASSERT_THAT(runtime.Copy(memory.get(), ring.Acquire(Cuda(0))->data(), kSize, stream), IsOk());
  std::memset(ring.Acquire(Cuda(0))->data(), 7, kSize);
  EXPECT_THAT(runtime.Drain(), testing::Contains(HasSubstr("the host changed pinned memory")));
}

TEST(PinnedRing, AfterWaitTheBufferHasTheDeviceData) {
  HostRuntime runtime({});
  const c10::Stream stream = runtime.CurrentStream(Cuda(0)).value();
  const c10::DataPtr memory = runtime.Allocate(stream, kSize).value();
  PinnedRing ring(runtime, 2, kSize);
  {
    absl::StatusOr<PinnedRing::Lease> up = ring.Acquire(Cuda(0));
    std::memset(up->data(), 'u', kSize);
    up->UseOn(stream);
    ASSERT_THAT(runtime.Copy(memory.get(), up->data(), kSize, stream), IsOk());
  }
  absl::StatusOr<PinnedRing::Lease> down = ring.Acquire(Cuda(0));
  down->UseOn(stream);
  ASSERT_THAT(runtime.Copy(down->data(), memory.get(), kSize, stream), IsOk());
  ASSERT_THAT(down->Wait(), IsOk());
  EXPECT_EQ(std::string(down->data(), kSize), std::string(kSize, 'u'));
}

TEST(PinnedRing, AFailedAllocationIsRetried) {
  HostRuntime runtime({});
  const c10::Stream stream = runtime.CurrentStream(Cuda(0)).value();
  const c10::DataPtr memory = runtime.Allocate(stream, kSize).value();
  PinnedRing ring(runtime, 1, kSize);
  runtime.FailAfterCalls(0);
  EXPECT_THAT(ring.Acquire(Cuda(0)), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("AllocatePinned")));
  {
    absl::StatusOr<PinnedRing::Lease> lease = ring.Acquire(Cuda(0));
    ASSERT_THAT(lease, IsOk());
    lease->UseOn(stream);
    ASSERT_THAT(runtime.Copy(memory.get(), lease->data(), kSize, stream), IsOk());
    runtime.FailAfterCalls(0);  // Creating the event fails, so the lease ends when the stream is synchronized.
  }
  EXPECT_EQ(runtime.works(), 1);
  EXPECT_THAT(ring.Acquire(Cuda(0)), IsOk());
}

TEST(PinnedRing, ManyThreads) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    HostRuntime runtime({.seed = seed});
    {
      PinnedRing ring(runtime, 3, kSize);
      std::atomic<int> in_hand = 0;
      RunThreads(8, [&](int thread) {
        const c10::Stream stream(c10::Stream::UNSAFE, Cuda(0), thread);
        for (int i = 0; i < 25; ++i) {
          const c10::DataPtr memory = runtime.Allocate(stream, kSize).value();
          const char fill = static_cast<char>(thread * 25 + i);
          {
            absl::StatusOr<PinnedRing::Lease> lease = ring.Acquire(Cuda(0));
            ASSERT_THAT(lease, IsOk());
            EXPECT_LE(++in_hand, 3);
            std::memset(lease->data(), fill, kSize);
            lease->UseOn(stream);
            ASSERT_THAT(runtime.Copy(memory.get(), lease->data(), kSize, stream), IsOk());
            --in_hand;
          }
          ASSERT_THAT(runtime.Synchronize(stream), IsOk());
          EXPECT_EQ(std::string(static_cast<char*>(memory.get()), kSize), std::string(kSize, fill));
        }
      });
    }
    EXPECT_THAT(runtime.Drain(), IsEmpty());
    EXPECT_EQ(runtime.live(), HostRuntime::Live());
  }
}

}  // namespace
}  // namespace metaconv
