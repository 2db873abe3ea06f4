#include "cuda/transfer/call_streams.h"

#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/host_runtime.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

class CallStreamsTest : public testing::Test {
 protected:
  // Starts one piece of work on a stream.
  void Start(c10::Stream stream) {
    const c10::DataPtr memory = runtime_.Allocate(stream, 8).value();
    ASSERT_THAT(runtime_.Fill(memory.get(), 0, 8, stream), IsOk());
  }

  HostRuntime runtime_{{}};
  CallStreams streams_{runtime_};
};

TEST_F(CallStreamsTest, TheCurrentStreamStaysTheSame) {
  runtime_.UseStream(c10::Device("cuda:1"), 3);
  const c10::Stream stream = streams_.Of(c10::Device("cuda:1")).value();
  EXPECT_EQ(stream.id(), 3);
  runtime_.UseStream(c10::Device("cuda:1"), 4);
  EXPECT_EQ(streams_.Of(c10::Device("cuda:1")).value(), stream);
  EXPECT_THAT(streams_.Of(c10::Device("cuda:9")), StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("cuda:9")));
}

TEST_F(CallStreamsTest, FinishWaitsAfterErrorsOnly) {
  Start(streams_.Of(c10::Device("cuda:0")).value());
  Start(streams_.Of(c10::Device("cuda:1")).value());
  EXPECT_THAT(streams_.Finish(absl::OkStatus()), IsOk());
  EXPECT_EQ(runtime_.works(), 0);
  EXPECT_THAT(streams_.Finish(absl::DataLossError("the error")), StatusIs(absl::StatusCode::kDataLoss, "the error"));
  EXPECT_EQ(runtime_.works(), 2);
}

TEST_F(CallStreamsTest, AFailedWaitDoesNotEndTheOthers) {
  Start(streams_.Of(c10::Device("cuda:0")).value());
  Start(streams_.Of(c10::Device("cuda:1")).value());
  runtime_.FailAfterCalls(0);
  EXPECT_THAT(streams_.Finish(absl::DataLossError("the error")), StatusIs(absl::StatusCode::kDataLoss, "the error"));
  EXPECT_EQ(runtime_.works(), 1);
}

}  // namespace
}  // namespace metaconv
