// Tests TheGpuDirectReader on the stand-in for libcudart, which has two devices.

#include "cuda/files/the_gpu_direct_reader.h"

#include <cstdlib>

#include "cuda_runtime_api.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;

c10::Device Cuda(int index) { return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)); }

int CurrentDevice() {
  int device = -1;
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  return device;
}

TEST(TheGpuDirectReader, UsesTheDeviceOfTheFileAndPutsTheCallersBack) {
  const GpuDirectOptions options = TheGpuDirectOptions();
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  void* memory = nullptr;  // Creates the device's context.
  ASSERT_EQ(cudaMalloc(&memory, 8), cudaSuccess);
  for (const int device : {1, 0}) {
    int current = -1;
    EXPECT_THAT(options.on_device(Cuda(device),
                                  [&] {
                                    current = CurrentDevice();
                                    return absl::OkStatus();
                                  }),
                IsOk());
    EXPECT_EQ(current, device);
    EXPECT_EQ(CurrentDevice(), 0);
  }
  EXPECT_THAT(options.on_device(Cuda(1), [] { return absl::DataLossError("lost"); }),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("lost")));
  EXPECT_THAT(options.on_device(Cuda(7), [] { return absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("cuda:7")));
  cudaFree(memory);
}

TEST(TheGpuDirectReader, IsDisabledByTheEnvironment) {
  setenv("METACONV_GPUDIRECT", "0", 1);
  EXPECT_EQ(TheGpuDirectOptions().use, GpuDirectUse::kNever);
  EXPECT_THAT(TheGpuDirectReader().Start(Cuda(0)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("METACONV_GPUDIRECT")));
  EXPECT_EQ(TheGpuDirectReader().Open(0, Cuda(0)), nullptr);
}

}  // namespace
}  // namespace metaconv
