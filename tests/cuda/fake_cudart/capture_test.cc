// Tests captures: what is recorded, and which calls are refused meanwhile.

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/cuda/fake_cudart/fake_cudart_test.h"

namespace metaconv {
namespace {

class CaptureTest : public FakeCudartTest {
 protected:
  void SetUp() override {
    FakeCudartTest::SetUp();
    stream_ = NewStream();
    memory_ = OnDevice(4);
  }

  static cudaStreamCaptureStatus StatusOf(cudaStream_t stream) {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    EXPECT_EQ(cudaStreamIsCapturing(stream, &status), cudaSuccess);
    return status;
  }

  void Begin(cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal) {
    ASSERT_EQ(cudaStreamBeginCapture(stream_, mode), cudaSuccess);
  }

  cudaError_t End() {
    cudaGraph_t graph = nullptr;
    const cudaError_t error = cudaStreamEndCapture(stream_, &graph);
    EXPECT_EQ(graph != nullptr, error == cudaSuccess);
    if (graph != nullptr) {
      EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
    }
    return error;
  }

  cudaStream_t stream_ = nullptr;
  char* memory_ = nullptr;
};

TEST_F(CaptureTest, WorkIsRecordedAndDoesNotRun) {
  EXPECT_EQ(StatusOf(stream_), cudaStreamCaptureStatusNone);
  Begin();
  EXPECT_EQ(StatusOf(stream_), cudaStreamCaptureStatusActive);
  EXPECT_EQ(cudaMemsetAsync(memory_, 0, 4, stream_), cudaSuccess);
  EXPECT_EQ(cudaMemsetAsync(memory_, 0, 4, stream_), cudaSuccess);
  EXPECT_EQ(FakeCudart::CapturedWork(), 2);
  EXPECT_EQ(FakeCudart::StartedWork(), 0);
  EXPECT_EQ(End(), cudaSuccess);
  EXPECT_EQ(StatusOf(stream_), cudaStreamCaptureStatusNone);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(FakeCudart::FinishedWork(), 0);
}

TEST_F(CaptureTest, UnsafeCallsEndTheCapture) {
  const cudaEvent_t event = NewEvent();
  char* pinned = Pinned("abcd");
  void* into = nullptr;
  const std::vector<std::function<cudaError_t()>> calls = {
      [&] { return cudaMalloc(&into, 4); },
      [&] { return cudaFree(memory_); },
      [&] { return cudaHostAlloc(&into, 4, 0); },
      [&] { return cudaFreeHost(pinned); },
      [&] { return cudaMemcpy(memory_, pinned, 4, cudaMemcpyDefault); },
      [&] { return cudaEventQuery(event); },
      [&] { return cudaEventSynchronize(event); },
      [&] { return cudaStreamSynchronize(stream_); },
      [&] { return cudaStreamQuery(stream_); },
      [&] { return cudaDeviceSynchronize(); },
  };
  for (std::size_t i = 0; i < calls.size(); ++i) {
    SCOPED_TRACE(i);
    Begin();
    EXPECT_EQ(calls[i](), cudaErrorStreamCaptureUnsupported);
    EXPECT_EQ(StatusOf(stream_), cudaStreamCaptureStatusInvalidated);
    EXPECT_EQ(cudaMemsetAsync(memory_, 0, 4, stream_), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(End(), cudaErrorStreamCaptureInvalidated);
  }
  EXPECT_EQ(FakeCudart::LiveObjects().device_memories, 1);
}

TEST_F(CaptureTest, SafeCallsDoNot) {
  Begin();
  const cudaEvent_t event = NewEvent();
  const cudaStream_t other = NewStream();
  std::size_t free = 0, total = 0;
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(cudaMemsetAsync(memory_, 0, 4, other), cudaSuccess);
  EXPECT_EQ(cudaEventRecord(event, other), cudaSuccess);
  EXPECT_EQ(End(), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(other), cudaSuccess);
}

TEST_F(CaptureTest, AGlobalCaptureRefusesCallsOfOtherThreads) {
  Begin(cudaStreamCaptureModeGlobal);
  std::thread([&] {
    void* into = nullptr;
    cudaStreamCaptureMode mode = cudaStreamCaptureModeThreadLocal;
    EXPECT_EQ(cudaThreadExchangeStreamCaptureMode(&mode), cudaSuccess);
    EXPECT_EQ(mode, cudaStreamCaptureModeGlobal);
    EXPECT_EQ(cudaMalloc(&into, 4), cudaSuccess);
    EXPECT_EQ(cudaThreadExchangeStreamCaptureMode(&mode), cudaSuccess);
    EXPECT_EQ(cudaMalloc(&into, 4), cudaErrorStreamCaptureUnsupported);
  }).join();
  EXPECT_EQ(End(), cudaErrorStreamCaptureInvalidated);
}

TEST_F(CaptureTest, AThreadLocalCaptureRefusesCallsOfItsThread) {
  Begin(cudaStreamCaptureModeThreadLocal);
  void* into = nullptr;
  std::thread([&] { EXPECT_EQ(cudaMalloc(&into, 4), cudaSuccess); }).join();
  EXPECT_EQ(cudaMalloc(&into, 4), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(End(), cudaErrorStreamCaptureInvalidated);
}

TEST_F(CaptureTest, ARelaxedCaptureRefusesNoCalls) {
  void* into = nullptr;
  Begin(cudaStreamCaptureModeRelaxed);
  EXPECT_EQ(cudaMalloc(&into, 4), cudaSuccess);
  EXPECT_EQ(End(), cudaSuccess);
  // Nor does any capture, while the thread's own mode is relaxed.
  Begin(cudaStreamCaptureModeGlobal);
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
  EXPECT_EQ(cudaThreadExchangeStreamCaptureMode(&mode), cudaSuccess);
  EXPECT_EQ(cudaMalloc(&into, 4), cudaSuccess);
  EXPECT_EQ(cudaThreadExchangeStreamCaptureMode(&mode), cudaSuccess);
  EXPECT_EQ(End(), cudaSuccess);
}

TEST_F(CaptureTest, StreamsJoinByEvents) {
  const cudaStream_t other = NewStream();
  const cudaEvent_t event = NewEvent();
  Begin();
  EXPECT_EQ(cudaEventRecord(event, stream_), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(other, event, 0), cudaSuccess);
  EXPECT_EQ(StatusOf(other), cudaStreamCaptureStatusActive);
  EXPECT_EQ(cudaMemsetAsync(memory_, 0, 4, other), cudaSuccess);
  EXPECT_EQ(FakeCudart::CapturedWork(), 1);
  EXPECT_EQ(cudaEventRecord(event, other), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(stream_, event, 0), cudaSuccess);
  EXPECT_EQ(End(), cudaSuccess);
  EXPECT_EQ(StatusOf(other), cudaStreamCaptureStatusNone);
}

TEST_F(CaptureTest, WorkOutsideIsNoDependency) {
  const cudaStream_t other = NewStream();
  const cudaEvent_t event = NewEvent();
  EXPECT_EQ(cudaEventRecord(event, other), cudaSuccess);
  Begin();
  EXPECT_EQ(cudaStreamWaitEvent(stream_, event, 0), cudaErrorStreamCaptureIsolation);
  EXPECT_EQ(End(), cudaErrorStreamCaptureInvalidated);
}

TEST_F(CaptureTest, CapturedEventsCannotBeWaitedFor) {
  const cudaEvent_t event = NewEvent();
  for (cudaError_t (*call)(cudaEvent_t) : {cudaEventQuery, cudaEventSynchronize}) {
    Begin();
    EXPECT_EQ(cudaEventRecord(event, stream_), cudaSuccess);
    EXPECT_EQ(call(event), cudaErrorCapturedEvent);
    EXPECT_EQ(End(), cudaErrorStreamCaptureInvalidated);
  }
}

TEST_F(CaptureTest, TheDefaultStreamDependsOnBlockingStreams) {
  EXPECT_EQ(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported);
  Begin();
  EXPECT_EQ(cudaMemsetAsync(memory_, 0, 4, nullptr), cudaSuccess);
  EXPECT_EQ(End(), cudaSuccess);

  stream_ = NewStream(cudaStreamDefault);
  Begin();
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  EXPECT_EQ(cudaStreamIsCapturing(nullptr, &status), cudaErrorStreamCaptureImplicit);
  EXPECT_EQ(StatusOf(stream_), cudaStreamCaptureStatusActive);
  EXPECT_EQ(cudaMemsetAsync(memory_, 0, 4, nullptr), cudaErrorStreamCaptureImplicit);
  EXPECT_EQ(End(), cudaErrorStreamCaptureInvalidated);
}

TEST_F(CaptureTest, ACaptureEndsWhereItBegan) {
  Begin();
  std::thread([&] { EXPECT_EQ(End(), cudaErrorStreamCaptureWrongThread); }).join();
  EXPECT_EQ(End(), cudaErrorStreamCaptureInvalidated);
  EXPECT_EQ(End(), cudaErrorIllegalState);
}

TEST_F(CaptureTest, CapturesHaveDifferentIds) {
  unsigned long long first = 0, second = 0;
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  Begin();
  EXPECT_EQ(cudaStreamGetCaptureInfo(stream_, &status, &first), cudaSuccess);
  EXPECT_EQ(status, cudaStreamCaptureStatusActive);
  EXPECT_EQ(End(), cudaSuccess);
  Begin();
  EXPECT_EQ(cudaStreamGetCaptureInfo(stream_, &status, &second), cudaSuccess);
  EXPECT_EQ(End(), cudaSuccess);
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace metaconv
