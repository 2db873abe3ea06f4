// Tests the order and the time of the work of streams, and events.

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "tests/cuda/fake_cudart/fake_cudart_test.h"
#include "tests/testing/run_threads.h"

namespace metaconv {
namespace {

using testing::ElementsAre;

using StreamsTest = FakeCudartTest;

TEST_F(StreamsTest, WorkRunsWhenACallWaitsForIt) {
  const cudaStream_t stream = NewStream();
  char* memory = OnDevice(4);
  char* from = Pinned("abcd");
  char* into = Pinned("....");
  ASSERT_EQ(CopyAsync(memory, from, 4, stream), cudaSuccess);
  ASSERT_EQ(CopyAsync(into, memory, 4, stream), cudaSuccess);
  EXPECT_EQ(FakeCudart::StartedWork(), 2);
  EXPECT_EQ(FakeCudart::FinishedWork(), 0);
  EXPECT_EQ(Text(into, 4), "....");
  // The source was changed too early: the copy has not read it yet.
  std::string("efgh").copy(from, 4);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(Text(into, 4), "efgh");
  EXPECT_EQ(FakeCudart::FinishedWork(), 2);
}

TEST_F(StreamsTest, SomeWorkRunsEarlyWithASeed) {
  FakeCudart::Options options;
  options.seed = 3;
  FakeCudart::Reset(options);
  const cudaStream_t stream = NewStream();
  char* memory = OnDevice(4);
  // Nothing waits for the work.
  while (FakeCudart::FinishedWork() == 0) ASSERT_EQ(cudaMemsetAsync(memory, 0, 4, stream), cudaSuccess);
}

TEST_F(StreamsTest, AQueryStartsTheWork) {
  const cudaStream_t stream = NewStream();
  char* memory = OnDevice(4);
  EXPECT_EQ(cudaStreamQuery(stream), cudaSuccess);
  ASSERT_EQ(cudaMemsetAsync(memory, 0, 4, stream), cudaSuccess);
  FakeCudart::BlockStream(stream);
  EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
  EXPECT_EQ(cudaGetLastError(), cudaErrorNotReady);
  FakeCudart::ReleaseStream(stream);
  while (cudaStreamQuery(stream) != cudaSuccess) std::this_thread::yield();
  EXPECT_EQ(FakeCudart::FinishedWork(), 1);
}

TEST_F(StreamsTest, ABlockedStreamStopsNoOther) {
  const cudaStream_t blocked = NewStream();
  const cudaStream_t other = NewStream();
  char* memory = OnDevice(4);
  FakeCudart::BlockStream(blocked);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(cudaMemsetAsync(memory, 0, 4, blocked), cudaSuccess);
  ASSERT_EQ(cudaMemsetAsync(memory, 0, 4, other), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(other), cudaSuccess);
  EXPECT_EQ(FakeCudart::FinishedWork(), 1);
  FakeCudart::ReleaseStream(blocked);
  EXPECT_EQ(cudaStreamSynchronize(blocked), cudaSuccess);
  EXPECT_EQ(FakeCudart::FinishedWork(), 101);
}

TEST_F(StreamsTest, StreamsAreOrderedByEventsOnly) {
  const cudaStream_t first = NewStream(), second = NewStream();
  char* memory = OnDevice(4);
  char* into = Pinned("....");
  ASSERT_EQ(cudaMemset(memory, 'x', 4), cudaSuccess);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  // Without an event the second stream does not wait for the first.
  FakeCudart::BlockStream(first);
  ASSERT_EQ(cudaMemsetAsync(memory, 'y', 4, first), cudaSuccess);
  ASSERT_EQ(CopyAsync(into, memory, 4, second), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(second), cudaSuccess);
  EXPECT_EQ(Text(into, 4), "xxxx");

  const cudaEvent_t event = NewEvent();
  ASSERT_EQ(cudaEventRecord(event, first), cudaSuccess);
  ASSERT_EQ(cudaStreamWaitEvent(second, event, 0), cudaSuccess);
  ASSERT_EQ(CopyAsync(into, memory, 4, second), cudaSuccess);
  EXPECT_EQ(cudaStreamQuery(second), cudaErrorNotReady);
  EXPECT_EQ(cudaEventQuery(event), cudaErrorNotReady);
  // The work keeps its point when the event is destroyed.
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  FakeCudart::ReleaseStream(first);
  EXPECT_EQ(cudaStreamSynchronize(second), cudaSuccess);
  EXPECT_EQ(Text(into, 4), "yyyy");
}

TEST_F(StreamsTest, AnEventStandsForTheWorkBeforeIt) {
  const cudaStream_t stream = NewStream();
  char* memory = OnDevice(4);
  const cudaEvent_t event = NewEvent();
  EXPECT_EQ(cudaEventQuery(event), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(event), cudaSuccess);
  ASSERT_EQ(cudaMemsetAsync(memory, 0, 4, stream), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(event, stream), cudaSuccess);
  ASSERT_EQ(cudaMemsetAsync(memory, 0, 4, stream), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(event), cudaSuccess);
  EXPECT_EQ(FakeCudart::FinishedWork(), 2);  // The first piece of work, and the event.
  EXPECT_EQ(cudaEventQuery(event), cudaSuccess);
}

TEST_F(StreamsTest, AnEventBelongsToItsDevice) {
  const cudaEvent_t event = NewEvent();
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  const cudaStream_t stream = NewStream();
  EXPECT_EQ(cudaEventRecord(event, stream), cudaErrorInvalidResourceHandle);
  // A stream of another device may wait for it.
  EXPECT_EQ(cudaStreamWaitEvent(stream, event, 0), cudaSuccess);
}

TEST_F(StreamsTest, TheDefaultStreamIsOrderedWithBlockingStreams) {
  const cudaStream_t blocking = NewStream(cudaStreamDefault);
  char* memory = OnDevice(4);
  char* into = Pinned("....");
  ASSERT_EQ(cudaMemsetAsync(memory, 'a', 4, blocking), cudaSuccess);
  ASSERT_EQ(CopyAsync(into, memory, 4, nullptr), cudaSuccess);
  ASSERT_EQ(cudaMemsetAsync(into, 'b', 2, blocking), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(blocking), cudaSuccess);
  EXPECT_EQ(Text(into, 4), "bbaa");
  EXPECT_EQ(FakeCudart::FinishedWork(), 3);
}

TEST_F(StreamsTest, HostFunctionsRunInOrder) {
  const cudaStream_t stream = NewStream();
  std::vector<int> order;
  struct Step {
    std::vector<int>* order;
    int number;
  };
  std::vector<Step> steps = {{&order, 1}, {&order, 2}, {&order, 3}};
  const auto run = [](void* argument) {
    const Step& step = *static_cast<Step*>(argument);
    step.order->push_back(step.number);
  };
  for (Step& step : steps) ASSERT_EQ(cudaLaunchHostFunc(stream, run, &step), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST_F(StreamsTest, ADestroyedStreamStillDoesItsWork) {
  const cudaStream_t stream = NewStream();
  char* into = Pinned("....");
  FakeCudart::BlockStream(stream);
  ASSERT_EQ(cudaMemsetAsync(into, 'a', 4, stream), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  EXPECT_EQ(cudaMemsetAsync(into, 'b', 4, stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaErrorInvalidResourceHandle);
  while (FakeCudart::FinishedWork() == 0) std::this_thread::yield();
  EXPECT_EQ(Text(into, 4), "aaaa");
}

TEST_F(StreamsTest, FreeingMemoryWaitsForTheDevice) {
  const cudaStream_t stream = NewStream();
  char* memory = OnDevice(4);
  char* pinned = Pinned("....");
  ASSERT_EQ(CopyAsync(pinned, memory, 4, stream), cudaSuccess);
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
  EXPECT_EQ(FakeCudart::FinishedWork(), 1);
  ASSERT_EQ(cudaMemsetAsync(pinned, 0, 4, stream), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(pinned), cudaSuccess);
  EXPECT_EQ(FakeCudart::FinishedWork(), 2);
}

TEST_F(StreamsTest, RecordsEventFlags) {
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventBlockingSync | cudaEventDisableTiming), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDefault), cudaSuccess);
  EXPECT_THAT(FakeCudart::EventFlags(), ElementsAre(cudaEventBlockingSync | cudaEventDisableTiming, cudaEventDefault));
  EXPECT_EQ(cudaEventCreateWithFlags(&event, 1u << 10), cudaErrorInvalidValue);
}

TEST_F(StreamsTest, CountsLiveObjects) {
  const FakeCudart::Live none = FakeCudart::LiveObjects();
  EXPECT_EQ(none, FakeCudart::Live());
  const cudaStream_t stream = NewStream();
  const cudaEvent_t event = NewEvent();
  char* memory = OnDevice(4);
  char* pinned = Pinned("abcd");
  std::string host = "abcd";
  ASSERT_EQ(cudaHostRegister(host.data(), 4, cudaHostRegisterDefault), cudaSuccess);
  EXPECT_EQ(FakeCudart::LiveObjects(),
            (FakeCudart::Live{
                .device_memories = 1, .pinned_memories = 1, .registered_memories = 1, .streams = 1, .events = 1}));
  EXPECT_EQ(cudaHostUnregister(host.data()), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(pinned), cudaSuccess);
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  EXPECT_EQ(FakeCudart::LiveObjects(), none);
}

TEST_F(StreamsTest, ManyThreadsUseTheirOwnStreams) {
  RunThreads(6, [](int i) {
    ASSERT_EQ(cudaSetDevice(i % 2), cudaSuccess);
    const cudaStream_t stream = NewStream(), other = NewStream();
    char* memory = OnDevice(1000);
    char* into = Pinned(std::string(1000, '.'));
    for (int round = 0; round < 20; ++round) {
      const char value = static_cast<char>('a' + round);
      const cudaEvent_t event = NewEvent();
      ASSERT_EQ(cudaMemsetAsync(memory, value, 1000, stream), cudaSuccess);
      ASSERT_EQ(cudaEventRecord(event, stream), cudaSuccess);
      ASSERT_EQ(cudaStreamWaitEvent(other, event, 0), cudaSuccess);
      ASSERT_EQ(CopyAsync(into, memory, 1000, other), cudaSuccess);
      ASSERT_EQ(cudaEventRecord(event, other), cudaSuccess);
      ASSERT_EQ(cudaEventSynchronize(event), cudaSuccess);
      ASSERT_EQ(Text(into, 1000), std::string(1000, value));
      ASSERT_EQ(cudaEventDestroy(event), cudaSuccess);
    }
    EXPECT_EQ(cudaFree(memory), cudaSuccess);
    EXPECT_EQ(cudaFreeHost(into), cudaSuccess);
  });
  EXPECT_EQ(FakeCudart::LiveObjects(), (FakeCudart::Live{.streams = 12}));
}

}  // namespace
}  // namespace metaconv
