#include "cuda/transfer/upload_streams.h"

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

TEST(UploadStreams, EachCallersStreamHasItsOwn) {
  HostRuntime runtime({});
  UploadStreams streams(runtime);
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

TEST(UploadStreams, MoreCallersShareStreams) {
  HostRuntime runtime({});
  UploadStreams streams(runtime);
  const auto most = static_cast<c10::StreamId>(UploadStreams::kMostCallers);
  for (c10::StreamId id = 0; id < most; ++id) ASSERT_EQ(streams.Of(StreamOf(0, id)).value().size(), 2u);
  const int calls = runtime.calls();
  EXPECT_EQ(calls, 2 * most);
  for (const c10::StreamId id : {most, most + 1, c10::StreamId{-5}, c10::StreamId{1} << 60}) {
    EXPECT_EQ(streams.Of(StreamOf(0, id)).value(), streams.Of(StreamOf(0, id)).value());
  }
  EXPECT_EQ(runtime.calls(), calls);
  // Another device has its own.
  EXPECT_EQ(streams.Of(StreamOf(1, most)).value()[0].device_index(), 1);
}

TEST(UploadStreams, AFailureIsNotKept) {
  HostRuntime runtime({});
  UploadStreams streams(runtime);
  for (const int calls : {0, 1}) {
    runtime.FailAfterCalls(calls);
    EXPECT_THAT(streams.Of(StreamOf(0, 0)),
                StatusIs(absl::StatusCode::kInternal, testing::HasSubstr("TransferStream")));
  }
  EXPECT_EQ(streams.Of(StreamOf(0, 0)).value().size(), 2u);
}

TEST(UploadStreams, AllThreadsGetTheSame) {
  HostRuntime runtime({});
  UploadStreams streams(runtime);
  std::vector<Streams> found(8);
  RunThreads(8, [&](int i) { found[i] = streams.Of(StreamOf(0, 0)).value(); });
  for (const Streams& each : found) EXPECT_EQ(each, found[0]);
}

}  // namespace
}  // namespace metaconv
