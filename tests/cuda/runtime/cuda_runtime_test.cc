// Tests that each call works on a machine with a GPU, and returns the right error on a machine without one.

#include "cuda/runtime/cuda_runtime.h"

#include <cstdint>
#include <cstring>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

constexpr std::int64_t kSize = 1000;

c10::Device Cuda(int index) { return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)); }

// The status of every call on this machine: OK if there is a device.
absl::StatusCode Expected() {
  const absl::StatusOr<int> count = TheCudaRuntime().DeviceCount();
  if (!count.ok()) return absl::StatusCode::kFailedPrecondition;
  return *count == 0 ? absl::StatusCode::kNotFound : absl::StatusCode::kOk;
}

TEST(CudaRuntime, DeviceCountNeedsADriver) {
  const absl::StatusOr<int> count = TheCudaRuntime().DeviceCount();
  if (count.ok()) {
    EXPECT_GE(*count, 0);
  } else {
    EXPECT_THAT(count, StatusIs(absl::StatusCode::kFailedPrecondition,
                                AllOf(HasSubstr("driver"), HasSubstr("cudaGetDeviceCount: cudaError"))));
  }
}

TEST(CudaRuntime, NoCallCrashesWithoutADevice) {
  CudaRuntime& runtime = TheCudaRuntime();
  const c10::Stream stream(c10::Stream::DEFAULT, Cuda(0));
  char bytes[8] = {};
  if (Expected() == absl::StatusCode::kOk) {
    EXPECT_THAT(runtime.MemoryInfo(Cuda(0)), IsOk());
    return;
  }
  const auto fails = StatusIs(Expected(), HasSubstr("cuda:0: "));
  EXPECT_THAT(runtime.MemoryInfo(Cuda(0)), fails);
  EXPECT_THAT(runtime.CurrentStream(Cuda(0)), fails);
  EXPECT_THAT(runtime.Allocate(stream, kSize), fails);
  EXPECT_THAT(runtime.AllocatePinned(Cuda(0), kSize), fails);
  EXPECT_THAT(runtime.Copy(bytes, bytes, 8, stream), fails);
  EXPECT_THAT(runtime.CopyPeer(bytes, Cuda(0), bytes, Cuda(1), 8, stream), fails);
  EXPECT_THAT(runtime.LaunchSegments({}, stream), fails);
  EXPECT_THAT(runtime.Record(stream), fails);
  EXPECT_THAT(runtime.Synchronize(stream), fails);
}

TEST(CudaRuntime, OtherDevicesAreNotFound) {
  // Without a driver, it is unknown which devices exist.
  const absl::StatusCode code = Expected() == absl::StatusCode::kFailedPrecondition
                                    ? absl::StatusCode::kFailedPrecondition
                                    : absl::StatusCode::kNotFound;
  EXPECT_THAT(TheCudaRuntime().CurrentStream(Cuda(99)), StatusIs(code, HasSubstr("cuda:99: ")));
  EXPECT_THAT(TheCudaRuntime().MemoryInfo(Cuda(99)), StatusIs(code, HasSubstr("cuda:99: ")));
}

TEST(CudaRuntime, CopiesToTheDeviceAndBack) {
  CudaRuntime& runtime = TheCudaRuntime();
  const absl::StatusOr<c10::Stream> stream = runtime.CurrentStream(Cuda(0));
  if (!stream.ok()) {
    EXPECT_THAT(stream, StatusIs(Expected(), AnyOf(HasSubstr("no such device"), HasSubstr("cudaGetDeviceCount"))));
    return;
  }
  const absl::StatusOr<c10::DataPtr> memory = runtime.Allocate(*stream, kSize);
  ASSERT_THAT(memory, IsOk());
  EXPECT_EQ(memory->device(), Cuda(0));
  const absl::StatusOr<PinnedMemory> from = runtime.AllocatePinned(Cuda(0), kSize);
  const absl::StatusOr<PinnedMemory> into = runtime.AllocatePinned(Cuda(0), kSize);
  ASSERT_THAT(from, IsOk());
  ASSERT_THAT(into, IsOk());
  std::memset(from->get(), 'b', kSize);
  ASSERT_THAT(runtime.Copy(memory->get(), from->get(), kSize, *stream), IsOk());
  ASSERT_THAT(runtime.Copy(into->get(), memory->get(), kSize, *stream), IsOk());
  absl::StatusOr<std::unique_ptr<CudaEvent>> event = runtime.Record(*stream);
  ASSERT_THAT(event, IsOk());
  EXPECT_THAT(runtime.StreamWait(*stream, **event), IsOk());
  EXPECT_THAT((*event)->Wait(), IsOk());
  EXPECT_EQ(std::string(into->get(), kSize), std::string(kSize, 'b'));
  EXPECT_THAT(runtime.Synchronize(*stream), IsOk());
}

TEST(CudaRuntime, ReportsOutOfMemory) {
  CudaRuntime& runtime = TheCudaRuntime();
  const c10::Stream stream(c10::Stream::DEFAULT, Cuda(0));
  const absl::StatusCode expected =
      Expected() == absl::StatusCode::kOk ? absl::StatusCode::kResourceExhausted : Expected();
  EXPECT_THAT(runtime.Allocate(stream, std::int64_t{1} << 50), StatusIs(expected, HasSubstr("cuda:0: ")));
}

}  // namespace
}  // namespace metaconv
