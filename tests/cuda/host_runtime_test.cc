// Tests that the test double detects each kind of error that it documents, and reports no others.

#include "tests/cuda/host_runtime.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kSize = 64;

c10::Device Cuda(int index) { return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)); }

class HostRuntimeTest : public testing::TestWithParam<std::uint64_t> {
 protected:
  HostRuntime runtime_{{.devices = 2, .seed = GetParam()}};

  c10::Stream Stream(c10::StreamId id, int device = 0) { return c10::Stream(c10::Stream::UNSAFE, Cuda(device), id); }
  c10::DataPtr Device(c10::Stream stream, std::int64_t size = kSize) { return runtime_.Allocate(stream, size).value(); }
  PinnedMemory Pinned(char fill = 'a') {
    PinnedMemory memory = runtime_.AllocatePinned(Cuda(0), kSize).value();
    std::memset(memory.get(), fill, kSize);
    return memory;
  }
  void Copy(void* into, const void* from, c10::Stream stream) {
    ASSERT_THAT(runtime_.Copy(into, from, kSize, stream), IsOk());
  }
  void Order(c10::Stream first, c10::Stream second) {
    const auto event = runtime_.Record(first).value();
    ASSERT_THAT(runtime_.StreamWait(second, *event), IsOk());
  }
  // A table on the device with the unmodified segment.
  void LaunchCopy(Segment segment, c10::Stream stream, std::uint64_t chunks = 1) {
    PinnedMemory host = runtime_.AllocatePinned(Cuda(0), sizeof(Segment)).value();
    const c10::DataPtr table = Device(stream, sizeof(Segment));
    std::memcpy(host.get(), &segment, sizeof(Segment));
    ASSERT_THAT(runtime_.Copy(table.get(), host.get(), sizeof(Segment), stream), IsOk());
    ASSERT_THAT(runtime_.LaunchSegments(
                    {.segments = static_cast<const Segment*>(table.get()), .size = 1, .chunks = chunks}, stream),
                IsOk());
    ASSERT_THAT(runtime_.Synchronize(stream), IsOk());
  }
};

INSTANTIATE_TEST_SUITE_P(Seeds, HostRuntimeTest, testing::Values(0, 1, 2, 3, 4, 5));

TEST_P(HostRuntimeTest, ReportsNothingForCorrectCode) {
  const c10::Stream first = Stream(0), second = Stream(1), other = Stream(0, 1);
  {
    const PinnedMemory from = Pinned('b'), into = Pinned();
    const c10::DataPtr one = Device(first), two = Device(second), three = Device(other);
    Copy(one.get(), from.get(), first);
    Order(first, second);
    Copy(two.get(), one.get(), second);
    Order(second, first);
    Order(other, first);
    ASSERT_THAT(runtime_.CopyPeer(three.get(), Cuda(1), two.get(), Cuda(0), kSize, first), IsOk());
    Order(first, other);
    Order(first, second);
    Copy(into.get(), three.get(), other);
    ASSERT_THAT(runtime_.Synchronize(other), IsOk());
    EXPECT_EQ(std::string(into.get(), kSize), std::string(kSize, 'b'));
    EXPECT_EQ(runtime_.live(), (HostRuntime::Live{.device_memories = 3, .pinned_memories = 2}));
  }
  EXPECT_THAT(runtime_.Drain(), IsEmpty());
  EXPECT_EQ(runtime_.live(), HostRuntime::Live());
}

TEST_P(HostRuntimeTest, FreeingInStreamOrderIsCorrect) {
  const PinnedMemory from = Pinned();
  {
    const c10::DataPtr memory = Device(Stream(0));
    Copy(memory.get(), from.get(), Stream(0));
  }
  ASSERT_THAT(runtime_.Synchronize(Stream(0)), IsOk());
  EXPECT_THAT(runtime_.Drain(), IsEmpty());
}

TEST_P(HostRuntimeTest, FindsMemoryFreedUnderAnotherStream) {
  const PinnedMemory from = Pinned();
  {
    const c10::DataPtr memory = Device(Stream(0));
    Copy(memory.get(), from.get(), Stream(1));
  }
  // Even if the work was done by then, nothing had synchronized with it.
  EXPECT_THAT(runtime_.Drain(), ElementsAre(HasSubstr("writes device memory that was freed")));
}

TEST_P(HostRuntimeTest, FindsUseAfterFree) {
  const PinnedMemory from = Pinned();
  c10::DataPtr memory = Device(Stream(0));
  void* stale = memory.get();
  // Pending work keeps the memory allocated, as a caching allocator would, so the error is reported instead of
  // crashing.
  Copy(stale, from.get(), Stream(0));
  memory.clear();
  ASSERT_THAT(runtime_.Copy(stale, from.get(), kSize, Stream(0)), IsOk());
  EXPECT_THAT(runtime_.Drain(),
              ElementsAre(testing::AnyOf(HasSubstr("device memory that was freed"), HasSubstr("outside of memory"))));
}

TEST_P(HostRuntimeTest, FindsPinnedMemoryFreedTooEarly) {
  const c10::DataPtr memory = Device(Stream(0));
  {
    const PinnedMemory from = Pinned();
    Copy(memory.get(), from.get(), Stream(0));
  }
  EXPECT_THAT(runtime_.Drain(), ElementsAre(HasSubstr("reads pinned memory that was freed")));
}

TEST_P(HostRuntimeTest, FindsMissingEvents) {
  const PinnedMemory from = Pinned();
  const c10::DataPtr memory = Device(Stream(0));
  Copy(memory.get(), from.get(), Stream(0));
  Copy(memory.get(), from.get(), Stream(1));
  EXPECT_THAT(runtime_.Drain(), ElementsAre(HasSubstr("with no event between")));
}

TEST_P(HostRuntimeTest, FindsMemoryUsedBeforeItsStreamReleasesIt) {
  // As with a caching allocator, the second memory may be the first one, which the fill still uses.
  {
    const c10::DataPtr first = Device(Stream(0));
    ASSERT_THAT(runtime_.Fill(first.get(), 'f', kSize, Stream(0)), IsOk());
  }
  const c10::DataPtr ordered = Device(Stream(0)), memory = Device(Stream(0));
  ASSERT_THAT(runtime_.Fill(memory.get(), 's', kSize, Stream(1)), IsOk());
  Order(Stream(0), Stream(1));
  ASSERT_THAT(runtime_.Fill(ordered.get(), 's', kSize, Stream(1)), IsOk());
  ASSERT_THAT(runtime_.Synchronize(Stream(1)), IsOk());
  EXPECT_THAT(runtime_.Drain(),
              ElementsAre("Fill on stream 1 of cuda:0 writes device memory that earlier work on stream 0 of cuda:0 "
                          "may use, with no event between"));
}

TEST_P(HostRuntimeTest, TwoReadersNeedNoEvent) {
  const PinnedMemory from = Pinned();
  const c10::DataPtr one = Device(Stream(0)), two = Device(Stream(1));
  Copy(one.get(), from.get(), Stream(0));
  Copy(two.get(), from.get(), Stream(1));
  EXPECT_THAT(runtime_.Drain(), IsEmpty());
}

TEST_P(HostRuntimeTest, AnEventBeforeTheWorkDoesNotHelp) {
  const PinnedMemory from = Pinned();
  const c10::DataPtr memory = Device(Stream(0));
  Order(Stream(0), Stream(1));
  Copy(memory.get(), from.get(), Stream(0));
  Copy(memory.get(), from.get(), Stream(1));
  EXPECT_THAT(runtime_.Drain(), ElementsAre(HasSubstr("with no event between")));
}

TEST(HostRuntime, FindsPinnedMemoryThatTheHostChanged) {
  HostRuntime runtime({});
  const c10::Stream stream = runtime.CurrentStream(Cuda(0)).value();
  const PinnedMemory from = runtime.AllocatePinned(Cuda(0), kSize).value();
  const c10::DataPtr memory = runtime.Allocate(stream, kSize).value();
  ASSERT_THAT(runtime.Copy(memory.get(), from.get(), kSize, stream), IsOk());
  from.get()[3] = 'x';
  EXPECT_THAT(runtime.Drain(), ElementsAre(HasSubstr("the host changed pinned memory")));
}

TEST(HostRuntime, AHostThatDoesNotWaitReadsOtherData) {
  HostRuntime runtime({});
  const c10::Stream stream = runtime.CurrentStream(Cuda(0)).value();
  const PinnedMemory from = runtime.AllocatePinned(Cuda(0), kSize).value();
  const PinnedMemory into = runtime.AllocatePinned(Cuda(0), kSize).value();
  const c10::DataPtr memory = runtime.Allocate(stream, kSize).value();
  std::memset(from.get(), 'b', kSize);
  ASSERT_THAT(runtime.Copy(memory.get(), from.get(), kSize, stream), IsOk());
  ASSERT_THAT(runtime.Copy(into.get(), memory.get(), kSize, stream), IsOk());
  EXPECT_NE(std::string(into.get(), kSize), std::string(kSize, 'b'));
  ASSERT_THAT(runtime.Synchronize(stream), IsOk());
  EXPECT_EQ(std::string(into.get(), kSize), std::string(kSize, 'b'));
}

TEST_P(HostRuntimeTest, FindsAccessesOutsideOfMemory) {
  const PinnedMemory from = Pinned();
  const c10::DataPtr memory = Device(Stream(0), kSize - 1);
  Copy(memory.get(), from.get(), Stream(0));
  EXPECT_THAT(runtime_.Drain(), ElementsAre(HasSubstr("writes outside of memory")));
}

TEST_P(HostRuntimeTest, FindsHostMemoryThatIsNotPinned) {
  const std::vector<char> from(kSize);
  const c10::DataPtr memory = Device(Stream(0));
  Copy(memory.get(), from.data(), Stream(0));
  EXPECT_THAT(runtime_.Drain(), ElementsAre(HasSubstr("reads outside of memory")));
}

TEST_P(HostRuntimeTest, FindsAnotherDevicesMemory) {
  const PinnedMemory from = Pinned();
  const c10::DataPtr memory = Device(Stream(0, 1));
  Copy(memory.get(), from.get(), Stream(0));
  EXPECT_THAT(runtime_.Drain(), ElementsAre(HasSubstr("writes memory of cuda:1")));
}

TEST_P(HostRuntimeTest, FindsBadTables) {
  const c10::DataPtr from = Device(Stream(0)), into = Device(Stream(0));
  Segment segment = {.from = static_cast<char*>(from.get()), .into = static_cast<char*>(into.get()), .size = kSize};
  LaunchCopy(segment, Stream(0));
  EXPECT_THAT(runtime_.Drain(), IsEmpty());
  LaunchCopy(segment, Stream(0), /*chunks=*/2);
  EXPECT_THAT(runtime_.Drain(), ElementsAre(HasSubstr("the table contradicts itself")));
  ++segment.size;
  LaunchCopy(segment, Stream(0));
  EXPECT_THAT(runtime_.Drain(), testing::Contains(HasSubstr("outside of memory")));
}

TEST_P(HostRuntimeTest, FindsWhatOneLaunchWritesTwice) {
  const c10::DataPtr into = Device(Stream(0)), table = Device(Stream(0), 2 * sizeof(Segment));
  const PinnedMemory host = runtime_.AllocatePinned(Cuda(0), 2 * sizeof(Segment)).value();
  char* bytes = static_cast<char*>(into.get());
  std::vector<Segment> segments = {{.into = bytes, .size = 10}, {.into = bytes + 9, .size = 10}};
  const std::uint64_t chunks = CountChunks(segments);
  std::memcpy(host.get(), segments.data(), 2 * sizeof(Segment));
  ASSERT_THAT(runtime_.Copy(table.get(), host.get(), 2 * sizeof(Segment), Stream(0)), IsOk());
  ASSERT_THAT(runtime_.LaunchSegments({.segments = static_cast<const Segment*>(table.get()),
                                       .size = 2,
                                       .chunks = chunks,
                                       .work = SegmentWork::kFill},
                                      Stream(0)),
              IsOk());
  EXPECT_THAT(runtime_.Drain(), ElementsAre(HasSubstr("writes the same bytes twice")));
}

TEST_P(HostRuntimeTest, InjectsFailuresOfCalls) {
  runtime_.FailAfterCalls(1);
  EXPECT_THAT(runtime_.DeviceCount().value(), 2);
  EXPECT_THAT(runtime_.Allocate(Stream(0), kSize),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("injected")));
  EXPECT_THAT(runtime_.Allocate(Stream(0), kSize), IsOk());
  runtime_.FailAfterCalls(0);
  EXPECT_THAT(runtime_.Record(Stream(0)), StatusIs(absl::StatusCode::kInternal, HasSubstr("injected")));
}

TEST_P(HostRuntimeTest, InjectsFailuresOfWork) {
  const PinnedMemory from = Pinned();
  const c10::DataPtr memory = Device(Stream(0));
  runtime_.FailAfterWorks(0);
  Copy(memory.get(), from.get(), Stream(0));
  const auto event = runtime_.Record(Stream(0)).value();
  EXPECT_THAT(runtime_.Synchronize(Stream(1)), IsOk());
  EXPECT_THAT(event->Wait(), StatusIs(absl::StatusCode::kInternal, HasSubstr("injected late failure of Copy")));
  EXPECT_THAT(event->IsDone(), StatusIs(absl::StatusCode::kInternal, HasSubstr("injected late failure of Copy")));
  EXPECT_THAT(runtime_.Synchronize(Stream(0)), StatusIs(absl::StatusCode::kInternal, HasSubstr("injected late")));
  EXPECT_THAT(runtime_.Synchronize(Stream(0)), IsOk());
}

TEST(HostRuntime, WorkIsDoneAtTheSecondQuestion) {
  HostRuntime runtime({});
  const c10::Stream stream = runtime.CurrentStream(Cuda(0)).value();
  const c10::DataPtr memory = runtime.Allocate(stream, kSize).value();
  ASSERT_THAT(runtime.Fill(memory.get(), 'f', kSize, stream), IsOk());
  const auto event = runtime.Record(stream).value();
  EXPECT_FALSE(event->IsDone().value());
  EXPECT_EQ(runtime.works(), 0);
  EXPECT_TRUE(event->IsDone().value());
  EXPECT_EQ(runtime.works(), 1);
}

TEST_P(HostRuntimeTest, AnEventThatIsDoneOrdersTheHost) {
  const c10::DataPtr memory = Device(Stream(0));
  ASSERT_THAT(runtime_.Fill(memory.get(), 'f', kSize, Stream(0)), IsOk());
  const auto event = runtime_.Record(Stream(0)).value();
  while (!event->IsDone().value()) {
  }
  // Work that is started now comes after the fill, so no event is needed.
  ASSERT_THAT(runtime_.Fill(memory.get(), 'g', kSize, Stream(1)), IsOk());
  EXPECT_THAT(runtime_.Drain(), IsEmpty());
}

TEST_P(HostRuntimeTest, ABlockedStreamRunsWhenItIsUnblocked) {
  const c10::DataPtr memory = Device(Stream(1)), other = Device(Stream(2));
  ASSERT_THAT(runtime_.Synchronize(Stream(1)), IsOk());
  runtime_.Block(Cuda(0), 1);
  ASSERT_THAT(runtime_.Fill(memory.get(), 'f', kSize, Stream(1)), IsOk());
  Order(Stream(1), Stream(2));
  ASSERT_THAT(runtime_.Fill(other.get(), 'o', kSize, Stream(2)), IsOk());
  const auto event = runtime_.Record(Stream(2)).value();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(event->IsDone().value());
  EXPECT_THAT(runtime_.Synchronize(Stream(0)), IsOk());
  EXPECT_EQ(runtime_.works(), 0);
  std::thread waiting([&] { EXPECT_THAT(event->Wait(), IsOk()); });
  runtime_.Unblock(Cuda(0), 1);
  waiting.join();
  EXPECT_EQ(runtime_.works(), 2);
  EXPECT_THAT(runtime_.Drain(), IsEmpty());
}

TEST_P(HostRuntimeTest, MemoryIsLimited) {
  HostRuntime runtime({.seed = GetParam(), .memory_per_device = 100});
  EXPECT_THAT(runtime.Allocate(Stream(0), 101), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("memory")));
  {
    const c10::DataPtr memory = runtime.Allocate(Stream(0), 60).value();
    EXPECT_EQ(runtime.MemoryInfo(Cuda(0))->free_bytes, 40);
    EXPECT_EQ(runtime.MemoryInfo(Cuda(1))->free_bytes, 100);
  }
  EXPECT_EQ(runtime.MemoryInfo(Cuda(0))->free_bytes, 100);
  EXPECT_THAT(runtime.MemoryInfo(Cuda(2)), StatusIs(absl::StatusCode::kNotFound, HasSubstr("cuda:2")));
}

TEST(HostRuntime, StreamsRunOutOfOrder) {
  // Two streams copy the same memory without an event. With many seeds, each stream is sometimes first.
  bool first_wins = false, second_wins = false;
  for (std::uint64_t seed = 1; seed < 40; ++seed) {
    HostRuntime runtime({.seed = seed});
    const c10::Stream one(c10::Stream::UNSAFE, Cuda(0), 1), two(c10::Stream::UNSAFE, Cuda(0), 2);
    const c10::DataPtr memory = runtime.Allocate(one, 1).value();
    const PinnedMemory a = runtime.AllocatePinned(Cuda(0), 1).value(), b = runtime.AllocatePinned(Cuda(0), 1).value();
    *a = 'a';
    *b = 'b';
    ASSERT_THAT(runtime.Copy(memory.get(), a.get(), 1, one), IsOk());
    ASSERT_THAT(runtime.Copy(memory.get(), b.get(), 1, two), IsOk());
    ASSERT_THAT(runtime.Synchronize(one), IsOk());
    ASSERT_THAT(runtime.Synchronize(two), IsOk());
    (*static_cast<const char*>(memory.get()) == 'a' ? first_wins : second_wins) = true;
  }
  EXPECT_TRUE(first_wins);
  EXPECT_TRUE(second_wins);
}

}  // namespace
}  // namespace metaconv
