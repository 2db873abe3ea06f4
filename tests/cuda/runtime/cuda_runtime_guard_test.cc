// Tests that each call leaves the caller's current device as it was, without libtorch_cuda, on the stand-in for
// libcudart with two devices. Standard error stays empty: see InOwnProcess.

#include <thread>

#include "c10/cuda/CUDAFunctions.h"
#include "c10/cuda/CUDAGuard.h"
#include "cuda/runtime/cuda_runtime.h"
#include "cuda_runtime_api.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/fake_cudart/fake_cudart.h"
#include "tests/cuda/runtime/runtime_calls.h"
#include "tests/testing/own_process.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

// libtorch_cuda registers its function with it.
namespace c10::cuda::_internal {
C10_CUDA_API void setHasPrimaryContext(bool (*function)(c10::DeviceIndex));
}  // namespace c10::cuda::_internal

namespace metaconv {
namespace {

using testing::HasSubstr;

c10::Device Cuda(int index) { return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)); }

int CurrentDevice() {
  int device = -1;
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  return device;
}

// Makes the device current, with a context, as a caller does that uses it.
void Use(int device) {
  ASSERT_EQ(cudaSetDevice(device), cudaSuccess);
  ASSERT_EQ(cudaFree(nullptr), cudaSuccess);
}

TEST(CudaRuntimeGuard, EachCallPutsTheDeviceBack) {
  InOwnProcess([] {
    for (const int current : {1, 0}) {
      Use(current);
      for (const int other : {0, 1}) {
        for (const RuntimeCall& call : RuntimeCalls(Cuda(other))) {
          EXPECT_THAT(call.run(), IsOk()) << call.function;
          EXPECT_EQ(CurrentDevice(), current) << call.function << " on " << other;
          EXPECT_EQ(c10::cuda::current_device(), current) << call.function << " on " << other;
        }
      }
    }
  });
}

TEST(CudaRuntimeGuard, EachFailedCallPutsTheDeviceBack) {
  InOwnProcess([] {
    Use(1);
    Use(0);
    for (const RuntimeCall& call : RuntimeCalls(Cuda(1))) {
      FakeCudart::FailNext(call.function, cudaErrorUnknown);
      EXPECT_THAT(call.run(), StatusIs(absl::StatusCode::kInternal, HasSubstr("cudaErrorUnknown"))) << call.function;
      EXPECT_EQ(CurrentDevice(), 0) << call.function;
      EXPECT_EQ(c10::cuda::current_device(), 0) << call.function;
      EXPECT_EQ(cudaGetLastError(), cudaSuccess) << call.function;
    }
  });
}

TEST(CudaRuntimeGuard, FailureToChangeTheDevicePutsItBack) {
  InOwnProcess([] {
    Use(1);
    Use(0);
    FakeCudart::FailNext("cudaSetDevice", cudaErrorUnknown);
    EXPECT_THAT(TheCudaRuntime().CurrentStream(Cuda(1)), StatusIs(absl::StatusCode::kInternal, HasSubstr("cuda:1: ")));
    EXPECT_EQ(CurrentDevice(), 0);
    EXPECT_THAT(TheCudaRuntime().CurrentStream(Cuda(1)), IsOk());
    EXPECT_EQ(CurrentDevice(), 0);
  });
}

TEST(CudaRuntimeGuard, NoOtherDeviceGetsAContext) {
  InOwnProcess([] {
    for (const RuntimeCall& call : RuntimeCalls(Cuda(1))) {
      EXPECT_THAT(call.run(), IsOk()) << call.function;
      EXPECT_EQ(c10::cuda::current_device(), 0) << call.function;
    }
    EXPECT_TRUE(FakeCudart::HasContext(1));
    EXPECT_FALSE(FakeCudart::HasContext(0));
  });
}

TEST(CudaRuntimeGuard, FreeingPinnedMemoryCreatesNoContext) {
  InOwnProcess([] {
    absl::StatusOr<PinnedMemory> pinned = TheCudaRuntime().AllocatePinned(Cuda(1), 8);
    ASSERT_THAT(pinned, IsOk());
    // The current device of a new thread is 0.
    std::thread([&] { pinned->reset(); }).join();
    EXPECT_EQ(FakeCudart::LiveObjects().pinned_memories, 0);
    EXPECT_FALSE(FakeCudart::HasContext(0));
  });
}

// From the first call on, which initializes what all threads share.
TEST(CudaRuntimeGuard, ThreadsKeepTheirOwnDevices) {
  InOwnProcess([] {
    RunThreads(4, [](int thread) {
      const int current = thread % 2;
      Use(current);
      for (int round = 0; round < 3; ++round) {
        const int other = (thread / 2 + round) % 2;
        for (const RuntimeCall& call : RuntimeCalls(Cuda(other))) {
          EXPECT_THAT(call.run(), IsOk()) << call.function;
          EXPECT_EQ(CurrentDevice(), current) << call.function << " on " << other;
          EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess) << call.function;
        }
      }
    });
  });
}

TEST(CudaRuntimeGuard, DeviceWithoutAnIndexIsTheCurrentOne) {
  InOwnProcess([] {
    Use(1);
    const absl::StatusOr<c10::Stream> stream = TheCudaRuntime().CurrentStream(c10::Device("cuda"));
    ASSERT_THAT(stream, IsOk());
    EXPECT_EQ(stream->device(), Cuda(1));
  });
}

TEST(CudaRuntimeGuard, GuardsOfOtherCodeWork) {
  InOwnProcess([] {
    Use(1);
    Use(0);
    ASSERT_THAT(TheCudaRuntime().CurrentStream(Cuda(0)), IsOk());
    {
      const c10::cuda::CUDAGuard guard(1);
      EXPECT_EQ(CurrentDevice(), 1);
    }
    EXPECT_EQ(CurrentDevice(), 0);
  });
}

int answers = 0;

// As libtorch_cuda does.
bool AnswerOfLibtorchCuda(c10::DeviceIndex device) {
  ++answers;
  return FakeCudart::HasContext(device);
}

TEST(CudaRuntimeGuard, KeepsTheFunctionOfLibtorchCuda) {
  InOwnProcess([] {
    c10::cuda::_internal::setHasPrimaryContext(&AnswerOfLibtorchCuda);
    Use(0);
    ASSERT_THAT(TheCudaRuntime().CurrentStream(Cuda(1)), IsOk());
    answers = 0;
    ASSERT_THAT(TheCudaRuntime().CurrentStream(Cuda(1)), IsOk());
    EXPECT_GT(answers, 0);
    EXPECT_EQ(CurrentDevice(), 0);
  });
}

TEST(CudaRuntimeGuard, LibtorchCudaMayBeLoadedLater) {
  InOwnProcess([] {
    Use(0);
    ASSERT_THAT(TheCudaRuntime().CurrentStream(Cuda(1)), IsOk());
    c10::cuda::_internal::setHasPrimaryContext(&AnswerOfLibtorchCuda);
    ASSERT_THAT(TheCudaRuntime().CurrentStream(Cuda(1)), IsOk());
    EXPECT_GT(answers, 0);
    EXPECT_EQ(CurrentDevice(), 0);
  });
}

}  // namespace
}  // namespace metaconv
