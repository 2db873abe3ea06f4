// Tests launches of kernels: one that is registered here as nvcc's code does it, and our own from nvcc.

#include <cstring>
#include <string>
#include <vector>

#include "cuda/segments/segment_kernel.h"
#include "cuda/segments/segments.h"
#include "tests/cuda/fake_cudart/fake_cudart_test.h"

// Called by nvcc's code, and declared by its headers only.
extern "C" void __cudaRegisterFunction(void**, const char*, char*, const char*, int, uint3*, uint3*, dim3*, dim3*,
                                       int*);

namespace metaconv {
namespace {

// Their addresses stand for the kernels.
const char kWrite = 'w';
const char kUnknown = 'u';

class KernelsTest : public FakeCudartTest {
 protected:
  static void SetUpTestSuite() {
    const auto register_function = [](const char* address, const char* name) {
      __cudaRegisterFunction(nullptr, address, nullptr, name, -1, nullptr, nullptr, nullptr, nullptr, nullptr);
    };
    register_function(&kWrite, "_Z11WriteKernelPci");
    register_function(&kUnknown, "_Z13UnknownKernelv");
    // Writes the value and the number of threads.
    FakeCudart::RegisterKernel("WriteKernel", {sizeof(char*), sizeof(int)}, [](const FakeCudart::Launch& launch) {
      char* into = *static_cast<char**>(launch.arguments[0]);
      if (!FakeCudart::CanAccess(into, 2)) return cudaErrorIllegalAddress;
      into[0] = static_cast<char>(*static_cast<int*>(launch.arguments[1]));
      into[1] = static_cast<char>(launch.grid.x * launch.block.x);
      return cudaSuccess;
    });
  }

  static cudaError_t LaunchWrite(char* into, int value, cudaStream_t stream, dim3 grid = 3, dim3 block = 5) {
    void* arguments[] = {&into, &value};
    return cudaLaunchKernel(&kWrite, grid, block, arguments, 0, stream);
  }
};

TEST_F(KernelsTest, ArgumentsAreCopiedAtTheLaunch) {
  const cudaStream_t stream = NewStream();
  char* into = Pinned("....");
  // The arguments no longer exist when the kernel runs.
  ASSERT_EQ(LaunchWrite(into, 'a', stream), cudaSuccess);
  ASSERT_EQ(LaunchWrite(into + 2, 'b', stream), cudaSuccess);
  EXPECT_EQ(Text(into, 4), "....");
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(Text(into, 4), "a\017b\017");
}

TEST_F(KernelsTest, AFaultIsReportedLaterAndForGood) {
  const cudaStream_t stream = NewStream();
  std::string pageable = "....";
  EXPECT_EQ(LaunchWrite(pageable.data(), 'a', stream), cudaSuccess);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorIllegalAddress);
  EXPECT_EQ(LaunchWrite(pageable.data(), 'a', stream), cudaErrorIllegalAddress);
  EXPECT_EQ(pageable, "....");
}

TEST_F(KernelsTest, AKernelCanBeToldToFail) {
  const cudaStream_t stream = NewStream();
  FakeCudart::FailNextWork("WriteKernel", cudaErrorLaunchFailure);
  EXPECT_EQ(LaunchWrite(Pinned("...."), 'a', stream), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorLaunchFailure);
}

TEST_F(KernelsTest, LaunchErrorsAreReturnedAndPending) {
  char* into = Pinned("....");
  EXPECT_EQ(LaunchWrite(into, 'a', nullptr, 0), cudaErrorInvalidConfiguration);
  EXPECT_EQ(LaunchWrite(into, 'a', nullptr, 1, 1025), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaLaunchKernel(&kUnknown, 1, 1, nullptr, 0, nullptr), cudaErrorInvalidDeviceFunction);
  EXPECT_EQ(cudaLaunchKernel("not a kernel", 1, 1, nullptr, 0, nullptr), cudaErrorInvalidDeviceFunction);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDeviceFunction);
  FakeCudart::Configure({.has_kernel_images = false});
  EXPECT_EQ(LaunchWrite(into, 'a', nullptr), cudaErrorNoKernelImageForDevice);
  FakeCudart::Configure({});
  EXPECT_EQ(LaunchWrite(into, 'a', nullptr), cudaSuccess);
  EXPECT_EQ(cudaGetLastError(), cudaErrorNoKernelImageForDevice);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
}

TEST_F(KernelsTest, TheDeviceOfTheStreamMustBeCurrent) {
  const cudaStream_t stream = NewStream();
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(LaunchWrite(Pinned("...."), 'a', stream), cudaErrorInvalidResourceHandle);
}

TEST_F(KernelsTest, TheReturnOfALaunchIsNotThePendingError) {
  FakeCudart::SetPendingError(cudaErrorInvalidValue);
  char* into = Pinned("....");
  int value = 'a';
  void* arguments[] = {&into, &value};
  cudaLaunchConfig_t config = {};
  config.gridDim = 1;
  config.blockDim = 1;
  EXPECT_EQ(cudaLaunchKernelExC(&config, &kWrite, arguments), cudaSuccess);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
}

// Runs the kernel that nvcc compiled, by its own launch code.
TEST_F(KernelsTest, OurKernelRunsOnTheHost) {
  const cudaStream_t stream = NewStream();
  const std::string bytes(100'000, 'b');
  char* from = Pinned(bytes);
  char* into = OnDevice(bytes.size());
  char* back = Pinned(std::string(bytes.size(), '.'));
  std::vector<Segment> segments = {{.from = from, .into = into, .size = 1000},
                                   {.from = from, .into = into + 1000, .size = bytes.size() - 1000}};
  const std::uint64_t chunks = CountChunks(segments);
  char* table = Pinned(std::string(segments.size() * sizeof(Segment), '.'));
  std::memcpy(table, segments.data(), segments.size() * sizeof(Segment));
  ASSERT_EQ(LaunchSegments({.segments = reinterpret_cast<const Segment*>(table), .size = 2, .chunks = chunks}, stream),
            cudaSuccess);
  ASSERT_EQ(CopyAsync(back, into, bytes.size(), stream), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(Text(back, bytes.size()), bytes);
}

TEST_F(KernelsTest, OurKernelFailsWhereADeviceWould) {
  std::string pageable(1000, 'b');
  char* into = OnDevice(1000);
  Segment segment = {.from = pageable.data(), .into = into, .size = 1000};
  char* table = Pinned(std::string(sizeof(Segment), '.'));
  std::memcpy(table, &segment, sizeof(Segment));
  ASSERT_EQ(LaunchSegments({.segments = reinterpret_cast<const Segment*>(table), .size = 1, .chunks = 1}, nullptr),
            cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
}

TEST_F(KernelsTest, OurKernelReportsErrorsOfItsLaunch) {
  FakeCudart::Configure({.has_kernel_images = false});
  EXPECT_EQ(LaunchSegments({.segments = nullptr, .size = 1, .chunks = 1}, nullptr), cudaErrorNoKernelImageForDevice);
}

}  // namespace
}  // namespace metaconv
