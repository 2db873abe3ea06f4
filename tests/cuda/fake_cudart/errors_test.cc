// Tests errors that are pending, injected or for good, and machines without a usable device.

#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "tests/cuda/fake_cudart/fake_cudart_test.h"

namespace metaconv {
namespace {

using ErrorsTest = FakeCudartTest;

TEST_F(ErrorsTest, AnErrorIsPendingUntilItIsAskedFor) {
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  EXPECT_EQ(cudaSetDevice(7), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(ErrorsTest, EachThreadHasItsOwnPendingError) {
  FakeCudart::SetPendingError(cudaErrorInvalidValue);
  std::thread([] { EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess); }).join();
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidValue);
}

TEST_F(ErrorsTest, APendingErrorIsNotThatOfLaterCalls) {
  FakeCudart::SetPendingError(cudaErrorInvalidValue);
  char* memory = OnDevice(4);
  EXPECT_EQ(cudaMemsetAsync(memory, 0, 4, nullptr), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
}

TEST_F(ErrorsTest, ACallCanBeToldToFail) {
  FakeCudart::FailNext("cudaMalloc", cudaErrorMemoryAllocation, /*after=*/1);
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaSuccess);
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaSuccess);
  EXPECT_EQ(FakeCudart::LiveObjects().device_memories, 2);
}

TEST_F(ErrorsTest, CallsAreCounted) {
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaSuccess);
  EXPECT_EQ(cudaSetDevice(7), cudaErrorInvalidDevice);
  EXPECT_EQ(FakeCudart::CallsOf("cudaMalloc"), 1);
  EXPECT_EQ(FakeCudart::CallsOf("cudaSetDevice"), 1);
  EXPECT_EQ(FakeCudart::CallsOf("cudaFree"), 0);
  EXPECT_EQ(FakeCudart::Calls(), 2);
  FakeCudart::ForgetCalls();
  EXPECT_EQ(FakeCudart::Calls(), 0);
}

TEST_F(ErrorsTest, FailedWorkIsForGood) {
  const cudaStream_t stream = NewStream();
  char* memory = OnDevice(4);
  const cudaEvent_t event = NewEvent();
  FakeCudart::FailNextWork("cudaMemsetAsync", cudaErrorECCUncorrectable);
  EXPECT_EQ(cudaMemsetAsync(memory, 0, 4, stream), cudaSuccess);
  EXPECT_EQ(cudaEventRecord(event, stream), cudaSuccess);
  // The work has not run yet, so no call knows.
  EXPECT_EQ(FakeCudart::FaultOf(0), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(event), cudaErrorECCUncorrectable);
  EXPECT_EQ(FakeCudart::FaultOf(0), cudaErrorECCUncorrectable);

  // Unrelated calls report it, and asking for the pending error does not help.
  EXPECT_EQ(cudaGetLastError(), cudaErrorECCUncorrectable);
  void* more = nullptr;
  std::size_t free = 0, total = 0;
  EXPECT_EQ(cudaMalloc(&more, 4), cudaErrorECCUncorrectable);
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaErrorECCUncorrectable);
  EXPECT_EQ(cudaMemsetAsync(memory, 0, 4, nullptr), cudaErrorECCUncorrectable);
  EXPECT_EQ(cudaEventQuery(event), cudaErrorECCUncorrectable);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorECCUncorrectable);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorECCUncorrectable);
  // Objects are released all the same.
  EXPECT_EQ(cudaFree(memory), cudaErrorECCUncorrectable);
  EXPECT_EQ(cudaEventDestroy(event), cudaErrorECCUncorrectable);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaErrorECCUncorrectable);
  EXPECT_EQ(FakeCudart::LiveObjects(), FakeCudart::Live());
}

TEST_F(ErrorsTest, AFailedDeviceLeavesOthersAlone) {
  EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
  FakeCudart::Break(0);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(cudaMemset(OnDevice(4), 0, 4), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
}

TEST_F(ErrorsTest, AFailedDeviceRunsNothingMore) {
  const cudaStream_t first = NewStream(), second = NewStream();
  char* memory = OnDevice(4);
  char* into = Pinned("....");
  FakeCudart::BlockStream(second);
  ASSERT_EQ(cudaMemsetAsync(into, 'a', 4, second), cudaSuccess);
  FakeCudart::FailNextWork("cudaMemsetAsync");
  ASSERT_EQ(cudaMemsetAsync(memory, 0, 4, first), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(first), cudaErrorIllegalAddress);
  // The blocked stream ends too, without having run.
  EXPECT_EQ(cudaStreamSynchronize(second), cudaErrorIllegalAddress);
  EXPECT_EQ(Text(into, 4), "....");
}

TEST_F(ErrorsTest, AContextIsCreatedByTheFirstUse) {
  int count = 0, device = -1;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(count, 2);
  EXPECT_EQ(device, 0);
  EXPECT_FALSE(FakeCudart::HasContext(0));
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_TRUE(FakeCudart::HasContext(1));
  EXPECT_FALSE(FakeCudart::HasContext(0));
  std::thread([] {
    EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
    EXPECT_TRUE(FakeCudart::HasContext(0));
  }).join();
}

TEST_F(ErrorsTest, WithoutDevices) {
  FakeCudart::Reset({.devices = 0});
  int count = -1;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorNoDevice);
  EXPECT_EQ(count, 0);
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaErrorNoDevice);
  EXPECT_EQ(cudaSetDevice(0), cudaErrorNoDevice);
}

TEST_F(ErrorsTest, WithABrokenDriver) {
  for (const cudaError_t error :
       {cudaErrorInsufficientDriver, cudaErrorSystemNotReady, cudaErrorSystemDriverMismatch}) {
    FakeCudart::Reset({.driver_error = error, .driver_version = 0});
    int count = -1, version = -1;
    EXPECT_EQ(cudaGetDeviceCount(&count), error);
    EXPECT_EQ(cudaSetDevice(0), error);
    EXPECT_EQ(cudaDriverGetVersion(&version), cudaSuccess);
    EXPECT_EQ(version, 0);
  }
}

TEST_F(ErrorsTest, WithBusyDevices) {
  FakeCudart::Reset({.context_error = cudaErrorDevicesUnavailable});
  int count = 0;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(count, 2);
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaErrorDevicesUnavailable);
  EXPECT_EQ(cudaSetDevice(1), cudaErrorDevicesUnavailable);
  EXPECT_FALSE(FakeCudart::HasContext(0));
  FakeCudart::Configure({});
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaSuccess);
}

// Runs `check` in a child process. Its exit code is 0 if the check holds.
template <typename Check>
int ExitCodeInChild(Check check) {
  const pid_t child = fork();
  if (child == 0) _exit(check() ? 0 : 1);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(ErrorsTest, AChildCannotUseTheDriverOfItsParent) {
  const auto count_fails = [] {
    int count = 0;
    return cudaGetDeviceCount(&count) == cudaErrorInitializationError &&
           cudaGetLastError() == cudaErrorInitializationError;
  };
  EXPECT_EQ(ExitCodeInChild(count_fails), 1);
  OnDevice(4);
  EXPECT_EQ(ExitCodeInChild(count_fails), 0);
}

TEST_F(ErrorsTest, NamesAndTexts) {
  EXPECT_EQ(std::string(cudaGetErrorName(cudaErrorIllegalAddress)), "cudaErrorIllegalAddress");
  EXPECT_EQ(std::string(cudaGetErrorString(cudaErrorMemoryAllocation)), "out of memory");
  EXPECT_EQ(std::string(cudaGetErrorName(static_cast<cudaError_t>(12345))), "unrecognized error code");
}

TEST_F(ErrorsTest, WhatNobodyNeedsIsNotSupported) {
  cudaMemPool_t pool = nullptr;
  EXPECT_EQ(cudaDeviceGetDefaultMemPool(&pool, 0), cudaErrorNotSupported);
}

}  // namespace
}  // namespace metaconv
