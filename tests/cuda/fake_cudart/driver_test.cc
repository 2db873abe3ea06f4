// Tests the functions of the driver that the stand-in hands out.

#include <string>

#include "cuda.h"
#include "tests/cuda/fake_cudart/fake_cudart_test.h"

namespace metaconv {
namespace {

class DriverTest : public FakeCudartTest {
 protected:
  // Null if there is no such function.
  template <typename Function>
  static Function* EntryPoint(const char* name, Function*) {
    void* found = nullptr;
    cudaDriverEntryPointQueryResult result = cudaDriverEntryPointSuccess;
    EXPECT_EQ(cudaGetDriverEntryPointByVersion(name, &found, 12000, cudaEnableDefault, &result), cudaSuccess);
    EXPECT_EQ(result == cudaDriverEntryPointSuccess, found != nullptr);
    return reinterpret_cast<Function*>(found);
  }
};

TEST_F(DriverTest, ReportsWhichDevicesHaveContexts) {
  auto* const state =
      EntryPoint("cuDevicePrimaryCtxGetState", static_cast<decltype(&cuDevicePrimaryCtxGetState)>(nullptr));
  ASSERT_NE(state, nullptr);
  unsigned int flags = 0;
  int is_active = -1;
  EXPECT_EQ(state(0, &flags, &is_active), CUDA_SUCCESS);
  EXPECT_EQ(is_active, 0);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(state(1, &flags, &is_active), CUDA_SUCCESS);
  EXPECT_EQ(is_active, 1);
  EXPECT_EQ(state(0, &flags, &is_active), CUDA_SUCCESS);
  EXPECT_EQ(is_active, 0);
  EXPECT_EQ(state(2, &flags, &is_active), CUDA_ERROR_INVALID_DEVICE);
}

TEST_F(DriverTest, DescribesErrors) {
  auto* const text = EntryPoint("cuGetErrorString", static_cast<decltype(&cuGetErrorString)>(nullptr));
  ASSERT_NE(text, nullptr);
  const char* found = nullptr;
  EXPECT_EQ(text(CUDA_ERROR_OUT_OF_MEMORY, &found), CUDA_SUCCESS);
  EXPECT_EQ(std::string(found), "out of memory");
}

TEST_F(DriverTest, OtherFunctionsAreNotSupportedOrUnknown) {
  auto* const unmap = EntryPoint("cuMemUnmap", static_cast<decltype(&cuMemUnmap)>(nullptr));
  ASSERT_NE(unmap, nullptr);
  EXPECT_EQ(unmap(0, 0), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(EntryPoint("cuNoSuchFunction", static_cast<decltype(&cuMemUnmap)>(nullptr)), nullptr);
}

TEST_F(DriverTest, NeedsADriver) {
  FakeCudart::Reset({.driver_error = cudaErrorInsufficientDriver, .driver_version = 0});
  void* found = nullptr;
  EXPECT_EQ(cudaGetDriverEntryPointByVersion("cuGetErrorString", &found, 12000, cudaEnableDefault, nullptr),
            cudaErrorInsufficientDriver);
}

}  // namespace
}  // namespace metaconv
