#include "cuda/transfer/pinned_ring.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>
#include <string>
#include <thread>
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

// Starts a copy from the buffer of a lease, and returns the lease.
PinnedRing::Lease UsedOn(c10::Stream stream, HostRuntime& runtime, const c10::DataPtr& memory, PinnedRing& ring) {
  PinnedRing::Lease lease = ring.Acquire(stream.device()).value();
  std::memset(lease.data(), 'u', kSize);
  lease.UseOn(stream);
  EXPECT_THAT(runtime.Copy(memory.get(), lease.data(), kSize, stream), IsOk());
  return lease;
}

c10::Stream StreamOf(int device, int number) { return c10::Stream(c10::Stream::UNSAFE, Cuda(device), number); }

TEST(PinnedRing, AllocatesBuffersWhenNeeded) {
  HostRuntime runtime({});
  {
    PinnedRing ring(runtime, 3, kSize);
    EXPECT_EQ(ring.buffer_size(), kSize);
    EXPECT_EQ(runtime.live(), HostRuntime::Live());
    for (int round = 0; round < 3; ++round) {
      std::vector<PinnedRing::Lease> leases;
      std::set<char*> seen;
      for (int i = 1; i <= 3; ++i) {
        // This thread is alone, so it may hold several.
        leases.push_back(ring.Acquire(Cuda(0)).value());
        std::memset(leases.back().data(), i, kSize);
        seen.insert(leases.back().data());
        EXPECT_EQ(runtime.live().pinned_memories, round == 0 ? i : 3);
      }
      EXPECT_THAT(seen, testing::SizeIs(3));
    }
  }
  EXPECT_EQ(runtime.live(), HostRuntime::Live());
}

TEST(PinnedRing, AFreeBufferIsUsedBeforeANewOne) {
  HostRuntime runtime({});
  PinnedRing ring(runtime, 3, kSize);
  for (int i = 0; i < 10; ++i) EXPECT_THAT(ring.Acquire(Cuda(0)), IsOk());
  EXPECT_EQ(runtime.live().pinned_memories, 1);
  const c10::DataPtr memory = runtime.Allocate(StreamOf(0, 0), kSize).value();
  { const PinnedRing::Lease used = UsedOn(StreamOf(0, 0), runtime, memory, ring); }
  ASSERT_THAT(runtime.Synchronize(StreamOf(0, 0)), IsOk());
  EXPECT_THAT(ring.Acquire(Cuda(0)), IsOk());
  EXPECT_EQ(runtime.live().pinned_memories, 1);
}

TEST(PinnedRing, BuffersOfABlockedStreamAreLeftOut) {
  HostRuntime runtime({});
  const c10::Stream blocked = StreamOf(0, 1), other = StreamOf(0, 2);
  const c10::DataPtr one = runtime.Allocate(blocked, kSize).value(), two = runtime.Allocate(other, kSize).value();
  PinnedRing ring(runtime, 2, kSize);
  runtime.Block(blocked.device(), blocked.id());
  char* buffer = nullptr;
  {
    PinnedRing::Lease lease = UsedOn(blocked, runtime, one, ring);
    buffer = lease.data();
  }
  // The oldest buffer stays in use. The other one is reused each time.
  for (int i = 0; i < 5; ++i) EXPECT_NE(UsedOn(other, runtime, two, ring).data(), buffer);
  runtime.Unblock(blocked.device(), blocked.id());
  ASSERT_THAT(runtime.Synchronize(blocked), IsOk());
  ASSERT_THAT(runtime.Synchronize(other), IsOk());
  EXPECT_THAT(runtime.Drain(), IsEmpty());
}

TEST(PinnedRing, ABlockedDeviceDoesNotStopOthers) {
  HostRuntime runtime({});
  const c10::Stream blocked = StreamOf(0, 0), other = StreamOf(1, 0);
  const c10::DataPtr one = runtime.Allocate(blocked, kSize).value(), two = runtime.Allocate(other, kSize).value();
  PinnedRing ring(runtime, 2, kSize);
  runtime.Block(blocked.device(), blocked.id());
  for (int i = 0; i < 2; ++i) UsedOn(blocked, runtime, one, ring);
  std::thread waiting([&] { EXPECT_THAT(ring.Acquire(Cuda(0)), IsOk()); });
  for (int i = 0; i < 5; ++i) UsedOn(other, runtime, two, ring);
  runtime.Unblock(blocked.device(), blocked.id());
  waiting.join();
  EXPECT_EQ(runtime.live().pinned_memories, 4);
}

TEST(PinnedRing, WaitsForALeaseThatIsReturnedUnused) {
  HostRuntime runtime({});
  PinnedRing ring(runtime, 1, kSize);
  std::optional<PinnedRing::Lease> lease(ring.Acquire(Cuda(0)).value());
  std::atomic<bool> is_returned = false;
  std::thread waiting([&] {
    EXPECT_THAT(ring.Acquire(Cuda(0)), IsOk());
    EXPECT_TRUE(is_returned);
  });
  is_returned = true;
  lease.reset();
  waiting.join();
}

TEST(PinnedRing, BuffersOfFailedWorkAreReplaced) {
  HostRuntime runtime({});
  const c10::Stream stream = StreamOf(0, 0);
  {
    const c10::DataPtr memory = runtime.Allocate(stream, kSize).value();
    PinnedRing ring(runtime, 1, kSize);
    runtime.FailAfterWorks(0);
    char* const failed = UsedOn(stream, runtime, memory, ring).data();
    // Other devices are not affected.
    for (int i = 0; i < 3; ++i) EXPECT_THAT(ring.Acquire(Cuda(1)), IsOk());
    EXPECT_THAT(ring.Acquire(Cuda(0)), StatusIs(absl::StatusCode::kInternal, HasSubstr("injected late")));
    // The device still has one buffer, but not the one that the failed work used.
    for (int i = 0; i < 3; ++i) EXPECT_NE(ring.Acquire(Cuda(0)).value().data(), failed);
    EXPECT_EQ(runtime.live().pinned_memories, 1 + 2);
    // Whoever waits for the work gets the error too.
    EXPECT_THAT(runtime.Synchronize(stream), StatusIs(absl::StatusCode::kInternal, HasSubstr("injected late")));
  }
  EXPECT_THAT(runtime.Drain(), IsEmpty());
  EXPECT_EQ(runtime.live(), HostRuntime::Live());
}

TEST(PinnedRing, ABufferWhoseStateIsUnknownIsWaitedFor) {
  HostRuntime runtime({});
  const c10::Stream stream = StreamOf(0, 0);
  {
    const c10::DataPtr memory = runtime.Allocate(stream, kSize).value();
    PinnedRing ring(runtime, 1, kSize);
    UsedOn(stream, runtime, memory, ring);
    runtime.FailAfterCalls(0);  // Asking whether the copy is done fails, but the copy is not done.
    PinnedRing::Lease lease = ring.Acquire(Cuda(0)).value();
    EXPECT_EQ(runtime.works(), 1);
    std::memset(lease.data(), 'x', kSize);
  }
  EXPECT_THAT(runtime.Drain(), IsEmpty());
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
      // One buffer of the first device is in use until the other threads are done.
      const c10::Stream blocked = StreamOf(0, 100);
      const c10::DataPtr unread = runtime.Allocate(blocked, kSize).value();
      runtime.Block(blocked.device(), blocked.id());
      UsedOn(blocked, runtime, unread, ring);
      std::atomic<int> in_hand[2] = {1, 0};
      RunThreads(8, [&](int thread) {
        const int device = thread % 2;
        const c10::Stream stream = StreamOf(device, thread);
        for (int i = 0; i < 25; ++i) {
          const c10::DataPtr memory = runtime.Allocate(stream, kSize).value();
          const char fill = static_cast<char>(thread * 25 + i);
          {
            absl::StatusOr<PinnedRing::Lease> lease = ring.Acquire(Cuda(device));
            ASSERT_THAT(lease, IsOk());
            EXPECT_LE(++in_hand[device], 3);
            std::memset(lease->data(), fill, kSize);
            lease->UseOn(stream);
            ASSERT_THAT(runtime.Copy(memory.get(), lease->data(), kSize, stream), IsOk());
            --in_hand[device];
          }
          ASSERT_THAT(runtime.Synchronize(stream), IsOk());
          EXPECT_EQ(std::string(static_cast<char*>(memory.get()), kSize), std::string(kSize, fill));
        }
      });
      EXPECT_LE(runtime.live().pinned_memories, 6);
      runtime.Unblock(blocked.device(), blocked.id());
      ASSERT_THAT(runtime.Synchronize(blocked), IsOk());
    }
    EXPECT_THAT(runtime.Drain(), IsEmpty());
    EXPECT_EQ(runtime.live(), HostRuntime::Live());
  }
}

}  // namespace
}  // namespace metaconv
