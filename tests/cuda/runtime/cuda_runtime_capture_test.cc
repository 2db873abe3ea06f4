// Tests that no call becomes part of a graph that is captured, and that none invalidates a capture, on the stand-in for
// libcudart.

#include <memory>
#include <set>
#include <thread>

#include "c10/cuda/CUDAStream.h"
#include "cuda/runtime/cuda_runtime.h"
#include "cuda_runtime_api.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/fake_cudart/fake_cudart.h"
#include "tests/cuda/runtime/runtime_calls.h"
#include "tests/testing/own_process.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;

const c10::Device kDevice(c10::DeviceType::CUDA, 0);

// A capture by other code. Its end fails if a call invalidated it.
class Capture {
 public:
  explicit Capture(cudaStream_t stream, cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal) : stream_(stream) {
    EXPECT_EQ(cudaStreamBeginCapture(stream_, mode), cudaSuccess);
  }
  ~Capture() {
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaSuccess);
    EXPECT_EQ(FakeCudart::CapturedWork(), 0);
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

 private:
  const cudaStream_t stream_;
};

TEST(CudaRuntimeCapture, CurrentStreamMustNotCapture) {
  InOwnProcess([] {
    ASSERT_THAT(TheCudaRuntime().CurrentStream(kDevice), IsOk());
    const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, 0);
    c10::cuda::setCurrentCUDAStream(stream);
    {
      const Capture capture(stream.stream());
      EXPECT_THAT(TheCudaRuntime().CurrentStream(kDevice),
                  StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cuda:0: the current stream: ")));
      EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    }
    EXPECT_THAT(TheCudaRuntime().CurrentStream(kDevice), IsOk());
  });
}

// The default stream waits for the streams that are not created with cudaStreamNonBlocking.
TEST(CudaRuntimeCapture, DefaultStreamMustNotDependOnACapture) {
  InOwnProcess([] {
    cudaStream_t blocking = nullptr;
    ASSERT_EQ(cudaStreamCreate(&blocking), cudaSuccess);
    {
      const Capture capture(blocking);
      EXPECT_THAT(TheCudaRuntime().CurrentStream(kDevice),
                  StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cudaErrorStreamCaptureImplicit")));
      EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    }
    EXPECT_THAT(TheCudaRuntime().CurrentStream(kDevice), IsOk());
  });
}

// In the global mode a capture forbids calls such as cudaMalloc and cudaHostAlloc to all threads.
TEST(CudaRuntimeCapture, NoCallInvalidatesTheCaptureOfAnotherThread) {
  InOwnProcess([] {
    const std::vector<RuntimeCall> calls = RuntimeCalls(kDevice);
    const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, 0);
    const Capture capture(stream.stream());
    std::thread([&] {
      for (const RuntimeCall& call : calls) EXPECT_THAT(call.run(), IsOk()) << call.function;
      absl::StatusOr<PinnedMemory> pinned = TheCudaRuntime().AllocatePinned(kDevice, 8);
      ASSERT_THAT(pinned, IsOk());
      pinned->reset();
      EXPECT_GT(FakeCudart::CallsOf("cudaFreeHost"), 0);
      // Each thread's own mode is put back.
      cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
      EXPECT_EQ(cudaThreadExchangeStreamCaptureMode(&mode), cudaSuccess);
      EXPECT_EQ(mode, cudaStreamCaptureModeGlobal);
    }).join();
  });
}

TEST(CudaRuntimeCapture, NoCallInvalidatesTheCaptureOfTheSameThread) {
  InOwnProcess([] {
    const std::vector<RuntimeCall> calls = RuntimeCalls(kDevice);
    const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, 0);
    const Capture capture(stream.stream());
    for (const RuntimeCall& call : calls) EXPECT_THAT(call.run(), IsOk()) << call.function;
  });
}

// Other code that takes streams from LibTorch's pool never gets it, so it cannot capture on it.
TEST(CudaRuntimeCapture, TransferStreamIsNotInThePool) {
  InOwnProcess([] {
    const absl::StatusOr<c10::Stream> stream = TheCudaRuntime().TransferStream(kDevice);
    ASSERT_THAT(stream, IsOk());
    for (int i = 0; i < 64; ++i) {
      EXPECT_NE(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, 0).unwrap(), *stream);
    }
  });
}

TEST(CudaRuntimeCapture, EachTransferStreamIsNew) {
  InOwnProcess([] {
    CudaRuntime& runtime = TheCudaRuntime();
    const c10::Device other(c10::DeviceType::CUDA, 1);
    const absl::StatusOr<c10::Stream> stream = runtime.TransferStream(kDevice);
    ASSERT_THAT(stream, IsOk());
    EXPECT_NE(runtime.TransferStream(kDevice).value(), *stream);
    EXPECT_EQ(stream->device(), kDevice);
    EXPECT_EQ(runtime.TransferStream(other).value().device(), other);
    EXPECT_EQ(FakeCudart::LiveObjects().streams, 3);
  });
}

}  // namespace
}  // namespace metaconv
