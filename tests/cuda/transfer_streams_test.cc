#include "cuda/transfer_streams.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/host_runtime.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using Streams = std::vector<c10::Stream>;

c10::Stream StreamOf(int device, c10::StreamId id) {
  return c10::Stream(c10::Stream::UNSAFE, c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device)),
                     id);
}

TEST(TransferStreams, EachCallersStreamHasItsOwn) {
  HostRuntime runtime({});
  TransferStreams streams(runtime);
  const Streams first = streams.Of(StreamOf(0, 0)).value(), second = streams.Of(StreamOf(0, 1)).value(),
                other = streams.Of(StreamOf(1, 0)).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_NE(first[0], first[1]);
  for (const c10::Stream stream : first) {
    EXPECT_EQ(stream.device_index(), 0);
    EXPECT_THAT(second, testing::Not(testing::Contains(stream)));
  }
  for (const c10::Stream stream : other) EXPECT_EQ(stream.device_index(), 1);
  const int calls = runtime.calls();
  EXPECT_EQ(streams.Of(StreamOf(0, 0)).value(), first);
  EXPECT_EQ(runtime.calls(), calls);
}

TEST(TransferStreams, AFailureIsNotKept) {
  HostRuntime runtime({});
  TransferStreams streams(runtime);
  for (const int calls : {0, 1}) {
    runtime.FailAfterCalls(calls);
    EXPECT_THAT(streams.Of(StreamOf(0, 0)),
                StatusIs(absl::StatusCode::kInternal, testing::HasSubstr("TransferStream")));
  }
  EXPECT_EQ(streams.Of(StreamOf(0, 0)).value().size(), 2u);
}

TEST(TransferStreams, AllThreadsGetTheSame) {
  HostRuntime runtime({});
  TransferStreams streams(runtime);
  std::vector<Streams> found(8);
  RunThreads(8, [&](int i) { found[i] = streams.Of(StreamOf(0, 0)).value(); });
  for (const Streams& each : found) EXPECT_EQ(each, found[0]);
}

}  // namespace
}  // namespace metaconv
