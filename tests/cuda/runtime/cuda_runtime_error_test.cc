// Tests what calls report, and that the errors of others are kept, on the stand-in for libcudart with two devices.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "c10/cuda/CUDACachingAllocator.h"
#include "c10/cuda/CUDAFunctions.h"
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

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

c10::Device Cuda(int index) { return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)); }

void Configure(void (*change)(FakeCudart::Options&)) {
  FakeCudart::Options options = FakeCudart::CurrentOptions();
  change(options);
  FakeCudart::Configure(options);
}

TEST(CudaRuntimeError, AFaultIsReportedByTheCallThatWaits) {
  InOwnProcess([] {
    CudaRuntime& runtime = TheCudaRuntime();
    const c10::Stream stream = runtime.CurrentStream(Cuda(0)).value();
    const c10::DataPtr memory = runtime.Allocate(stream, 64).value();
    FakeCudart::FailNextWork("cudaMemsetAsync", cudaErrorLaunchFailure);
    EXPECT_THAT(runtime.Fill(memory.get(), 0, 64, stream), IsOk());
    absl::StatusOr<std::unique_ptr<CudaEvent>> event = runtime.Record(stream);
    ASSERT_THAT(event, IsOk());
    const auto lost =
        StatusIs(absl::StatusCode::kInternal, AllOf(HasSubstr("cudaErrorLaunchFailure"), HasSubstr("context lost")));
    EXPECT_THAT((*event)->Wait(), lost);
    EXPECT_THAT(runtime.Synchronize(stream), lost);
    EXPECT_THAT(runtime.Allocate(stream, std::int64_t{1} << 24), lost);
  });
}

TEST(CudaRuntimeError, AFaultInAKernelIsForGood) {
  InOwnProcess([] {
    const std::vector<RuntimeCall> calls = RuntimeCalls(Cuda(1));
    FakeCudart::Break(1);
    for (const RuntimeCall& call : calls) {
      EXPECT_THAT(call.run(), StatusIs(absl::StatusCode::kInternal,
                                       AllOf(StartsWith("cuda:1: "), HasSubstr("cudaErrorIllegalAddress"),
                                             HasSubstr("context lost"))))
          << call.function;
    }
  });
}

TEST(CudaRuntimeError, AFaultDoesNotReachCallersOfOtherDevices) {
  InOwnProcess([] {
    ASSERT_EQ(cudaFree(nullptr), cudaSuccess);
    const std::vector<RuntimeCall> calls = RuntimeCalls(Cuda(1));
    FakeCudart::Break(0);
    for (const RuntimeCall& call : calls) {
      EXPECT_THAT(call.run(), IsOk()) << call.function;
      EXPECT_EQ(cudaGetLastError(), cudaSuccess) << call.function;
      EXPECT_EQ(c10::cuda::current_device(), 0) << call.function;
    }
  });
}

// CUDA may refuse to say which device is current if that device has failed.
TEST(CudaRuntimeError, ACallerWhoseDeviceFailedCanUseOthers) {
  InOwnProcess([] {
    const std::vector<RuntimeCall> calls = RuntimeCalls(Cuda(1));
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
    for (const RuntimeCall& call : calls) {
      FakeCudart::FailNext("cudaGetDevice", cudaErrorIllegalAddress);
      EXPECT_THAT(call.run(), IsOk()) << call.function;
      EXPECT_EQ(cudaGetLastError(), cudaSuccess) << call.function;
      int current = -1;
      EXPECT_EQ(cudaGetDevice(&current), cudaSuccess);
      EXPECT_EQ(current, 0) << call.function;
    }
  });
}

TEST(CudaRuntimeError, ADeviceWithoutAnIndexMayHaveFailed) {
  InOwnProcess([] {
    ASSERT_THAT(TheCudaRuntime().CurrentStream(Cuda(0)), IsOk());
    FakeCudart::FailNext("cudaGetDevice", cudaErrorIllegalAddress);
    EXPECT_THAT(TheCudaRuntime().CurrentStream(c10::Device("cuda")),
                StatusIs(absl::StatusCode::kInternal, AllOf(StartsWith("cuda: "), HasSubstr("context lost"))));
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  });
}

TEST(CudaRuntimeError, PendingErrorsOfOthersAreKept) {
  InOwnProcess([] {
    const std::vector<RuntimeCall> calls = RuntimeCalls(Cuda(1));
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
    FakeCudart::SetPendingError(cudaErrorInvalidConfiguration);
    for (const RuntimeCall& call : calls) {
      FakeCudart::FailNext(call.function, cudaErrorUnknown);
      EXPECT_THAT(call.run(), StatusIs(absl::StatusCode::kInternal, HasSubstr("cudaErrorUnknown"))) << call.function;
      EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidConfiguration) << call.function;
      EXPECT_THAT(call.run(), IsOk()) << call.function;
      EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidConfiguration) << call.function;
      int current = -1;
      EXPECT_EQ(cudaGetDevice(&current), cudaSuccess);
      EXPECT_EQ(current, 0) << call.function;
    }
    absl::StatusOr<PinnedMemory> pinned = TheCudaRuntime().AllocatePinned(Cuda(0), 8);
    ASSERT_THAT(pinned, IsOk());
    FakeCudart::FailNext("cudaFreeHost", cudaErrorUnknown);
    pinned->reset();
    EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidConfiguration);
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  });
}

// The first calls of a process initialize LibTorch's streams and allocator.
TEST(CudaRuntimeError, PendingErrorsAreKeptByTheFirstCallsToo) {
  InOwnProcess([] {
    FakeCudart::SetPendingError(cudaErrorInvalidConfiguration);
    for (const RuntimeCall& call : RuntimeCalls(Cuda(1))) EXPECT_THAT(call.run(), IsOk()) << call.function;
    EXPECT_THAT(TheCudaRuntime().CurrentStream(Cuda(7)), StatusIs(absl::StatusCode::kNotFound, HasSubstr("cuda:7")));
    EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidConfiguration);
  });
}

// Calls run on another thread then, but the current stream is that of the calling thread.
TEST(CudaRuntimeError, TheCurrentStreamIsThatOfTheThreadWithThePendingError) {
  InOwnProcess([] {
    ASSERT_THAT(TheCudaRuntime().CurrentStream(Cuda(1)), IsOk());
    const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, 1);
    c10::cuda::setCurrentCUDAStream(stream);
    FakeCudart::SetPendingError(cudaErrorInvalidConfiguration);
    EXPECT_EQ(TheCudaRuntime().CurrentStream(Cuda(1)).value(), stream.unwrap());
    EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidConfiguration);
  });
}

TEST(CudaRuntimeError, TheAllocatorIsInitializedOnce) {
  InOwnProcess([] {
    CudaRuntime& runtime = TheCudaRuntime();
    const absl::StatusOr<c10::Stream> stream = runtime.CurrentStream(Cuda(0));
    ASSERT_THAT(stream, IsOk());
    // LibTorch asks for the properties of each device. Afterwards the first one is initialized, and the second is null.
    FakeCudart::FailNext("cudaGetDeviceProperties", cudaErrorUnknown, /*after=*/1);
    const auto fails = StatusIs(
        absl::StatusCode::kInternal,
        AllOf(StartsWith("cuda:"), HasSubstr("allocator could not be initialized"), HasSubstr("cudaErrorUnknown")));
    EXPECT_THAT(runtime.Allocate(*stream, 8), fails);
    const int asked = FakeCudart::CallsOf("cudaGetDeviceProperties");
    for (const int device : {0, 1}) {
      EXPECT_THAT(runtime.Allocate(c10::Stream(c10::Stream::DEFAULT, Cuda(device)), 8), fails);
      EXPECT_THAT(runtime.MemoryInfo(Cuda(device)), fails);
    }
    EXPECT_EQ(FakeCudart::CallsOf("cudaGetDeviceProperties"), asked);
    // Calls that do not allocate still work.
    EXPECT_THAT(runtime.Synchronize(*stream), IsOk());
  });
}

TEST(CudaRuntimeError, AnAllocatorOfOtherCodeIsLeftAlone) {
  InOwnProcess([] {
    c10::cuda::CUDACachingAllocator::init(2);
    const int asked = FakeCudart::CallsOf("cudaGetDeviceProperties");
    EXPECT_THAT(TheCudaRuntime().Allocate(c10::Stream(c10::Stream::DEFAULT, Cuda(1)), 8), IsOk());
    EXPECT_EQ(FakeCudart::CallsOf("cudaGetDeviceProperties"), asked);
  });
}

// All calls return this status, also those for a device without an index.
void ExpectAllFail(const testing::Matcher<const absl::StatusOr<c10::Stream>&>& fails) {
  EXPECT_THAT(TheCudaRuntime().CurrentStream(Cuda(0)), fails);
  EXPECT_THAT(TheCudaRuntime().CurrentStream(c10::Device("cuda")), fails);
  EXPECT_THAT(TheCudaRuntime().TransferStream(c10::Device("cuda")), fails);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST(CudaRuntimeError, WithoutADriver) {
  InOwnProcess([] {
    Configure([](FakeCudart::Options& options) {
      options.driver_error = cudaErrorInsufficientDriver;
      options.driver_version = 0;
    });
    EXPECT_THAT(TheCudaRuntime().DeviceCount(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                         AllOf(HasSubstr("cudaGetDeviceCount: cudaErrorInsufficient"),
                                                               HasSubstr("there is no NVIDIA driver"))));
    ExpectAllFail(StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("there is no NVIDIA driver")));
  });
}

TEST(CudaRuntimeError, WithAnOldDriver) {
  InOwnProcess([] {
    Configure([](FakeCudart::Options& options) {
      options.driver_error = cudaErrorInsufficientDriver;
      options.driver_version = 12040;
    });
    ExpectAllFail(StatusIs(absl::StatusCode::kFailedPrecondition,
                           HasSubstr("found a driver for CUDA 12.4, expected one for CUDA 13.")));
  });
}

TEST(CudaRuntimeError, WithoutDevices) {
  InOwnProcess([] {
    Configure([](FakeCudart::Options& options) { options.devices = 0; });
    EXPECT_EQ(TheCudaRuntime().DeviceCount().value(), 0);
    ExpectAllFail(StatusIs(absl::StatusCode::kNotFound, HasSubstr("no such device; there are 0")));
  });
}

TEST(CudaRuntimeError, ASystemMayBecomeReady) {
  InOwnProcess([] {
    Configure([](FakeCudart::Options& options) { options.driver_error = cudaErrorSystemNotReady; });
    ExpectAllFail(StatusIs(absl::StatusCode::kUnavailable,
                           AllOf(HasSubstr("cudaErrorSystemNotReady"), HasSubstr("nvidia-fabricmanager"))));
    Configure([](FakeCudart::Options& options) { options.driver_error = cudaSuccess; });
    EXPECT_EQ(TheCudaRuntime().DeviceCount().value(), 2);
    for (const RuntimeCall& call : RuntimeCalls(Cuda(1))) EXPECT_THAT(call.run(), IsOk()) << call.function;
  });
}

TEST(CudaRuntimeError, LibTorchMayHaveFoundNoDevices) {
  InOwnProcess([] {
    Configure([](FakeCudart::Options& options) {
      options.driver_error = cudaErrorInsufficientDriver;
      options.driver_version = 0;
    });
    ASSERT_EQ(c10::cuda::device_count(), 0);
    Configure([](FakeCudart::Options& options) { options.driver_error = cudaSuccess; });
    ExpectAllFail(
        StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("expected 2 devices in LibTorch, found 0")));
  });
}

TEST(CudaRuntimeError, UnavailableDevices) {
  InOwnProcess([] {
    Configure([](FakeCudart::Options& options) { options.context_error = cudaErrorDevicesUnavailable; });
    ExpectAllFail(
        StatusIs(absl::StatusCode::kUnavailable, AllOf(StartsWith("cuda:0: "), HasSubstr("cudaErrorDevicesUnavailable"),
                                                       HasSubstr("another process uses the device"))));
    Configure([](FakeCudart::Options& options) { options.context_error = cudaSuccess; });
    EXPECT_THAT(TheCudaRuntime().CurrentStream(Cuda(0)), IsOk());
  });
}

TEST(CudaRuntimeError, NoKernelImage) {
  InOwnProcess([] {
    Configure([](FakeCudart::Options& options) { options.has_kernel_images = false; });
    int launches = 0;
    for (const RuntimeCall& call : RuntimeCalls(Cuda(1))) {
      if (call.function != "cudaLaunchKernelExC") continue;
      ++launches;
      EXPECT_THAT(call.run(), StatusIs(absl::StatusCode::kUnimplemented,
                                       AllOf(StartsWith("cuda:1: launching the segment kernel: "),
                                             HasSubstr("not compiled for this device, of compute capability 9.0"))));
    }
    EXPECT_EQ(launches, 1);
  });
}

// In a child of fork() the calls return an error, and destructors make no call of CUDA.
TEST(CudaRuntimeError, AfterFork) {
  InOwnProcess([] {
    const std::vector<RuntimeCall> calls = RuntimeCalls(Cuda(0));
    absl::StatusOr<PinnedMemory> pinned = TheCudaRuntime().AllocatePinned(Cuda(0), 8);
    ASSERT_THAT(pinned, IsOk());
    absl::StatusOr<std::unique_ptr<CudaEvent>> event =
        TheCudaRuntime().Record(c10::Stream(c10::Stream::DEFAULT, Cuda(0)));
    ASSERT_THAT(event, IsOk());
    const std::string parent = "forked from process " + std::to_string(getpid());
    const pid_t child = fork();
    if (child == 0) {
      const auto fails = StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(parent));
      EXPECT_THAT(TheCudaRuntime().DeviceCount(), fails);
      for (const RuntimeCall& call : calls) EXPECT_THAT(call.run(), fails) << call.function;
      pinned->reset();
      event->reset();
      EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
      internal::RunAndExit([] {});
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  });
}

TEST(CudaRuntimeError, AfterAForkOfAProcessWhoseOtherCodeUsedCuda) {
  InOwnProcess([] {
    ASSERT_EQ(cudaFree(nullptr), cudaSuccess);
    const pid_t child = fork();
    if (child == 0) {
      EXPECT_THAT(TheCudaRuntime().CurrentStream(Cuda(0)),
                  StatusIs(absl::StatusCode::kFailedPrecondition,
                           AllOf(HasSubstr("cudaErrorInitializationError"), HasSubstr("fork()"))));
      internal::RunAndExit([] {});
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  });
}

TEST(CudaRuntimeError, EventsBlockAndAreReused) {
  InOwnProcess([] {
    CudaRuntime& runtime = TheCudaRuntime();
    const absl::StatusOr<c10::Stream> stream = runtime.CurrentStream(Cuda(0));
    ASSERT_THAT(stream, IsOk());
    for (int i = 0; i < 100; ++i) {
      const absl::StatusOr<std::unique_ptr<CudaEvent>> event = runtime.Record(*stream);
      ASSERT_THAT(event, IsOk());
      EXPECT_THAT((*event)->Wait(), IsOk());
    }
    EXPECT_THAT(FakeCudart::EventFlags(), testing::ElementsAre(cudaEventBlockingSync | cudaEventDisableTiming));
  });
}

TEST(CudaRuntimeError, AnEventThatIsNotDoneIsNoError) {
  InOwnProcess([] {
    CudaRuntime& runtime = TheCudaRuntime();
    const c10::Stream stream = runtime.CurrentStream(Cuda(0)).value();
    FakeCudart::BlockStream(nullptr);
    const std::unique_ptr<CudaEvent> event = runtime.Record(stream).value();
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(event->IsDone().value());
      EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
    }
    FakeCudart::ReleaseStream(nullptr);
    EXPECT_THAT(runtime.Synchronize(stream), IsOk());
    EXPECT_TRUE(event->IsDone().value());
    FakeCudart::FailNext("cudaEventQuery", cudaErrorUnknown);
    EXPECT_THAT(event->IsDone(), StatusIs(absl::StatusCode::kInternal, HasSubstr("cudaErrorUnknown")));
    EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  });
}

TEST(CudaRuntimeError, AnEventThatFailedIsNotReused) {
  InOwnProcess([] {
    CudaRuntime& runtime = TheCudaRuntime();
    const c10::Stream stream = runtime.CurrentStream(Cuda(0)).value();
    FakeCudart::FailNext("cudaEventSynchronize", cudaErrorUnknown);
    EXPECT_THAT(runtime.Record(stream).value()->Wait(), Not(IsOk()));
    EXPECT_EQ(FakeCudart::LiveObjects().events, 0);
    FakeCudart::FailNext("cudaEventQuery", cudaErrorUnknown);
    EXPECT_THAT(runtime.Record(stream).value()->IsDone(), Not(IsOk()));
    EXPECT_EQ(FakeCudart::LiveObjects().events, 0);
  });
}

}  // namespace
}  // namespace metaconv
