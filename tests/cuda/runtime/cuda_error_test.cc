#include "cuda/runtime/cuda_error.h"

#include <optional>

#include "c10/util/Exception.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/torch_status.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(CudaStatus, Success) { EXPECT_THAT(CudaStatus(cudaSuccess), IsOk()); }

TEST(CudaStatus, StartsWithTheNameOfTheError) {
  EXPECT_THAT(CudaStatus(cudaErrorInvalidValue),
              StatusIs(absl::StatusCode::kInternal, StartsWith("cudaErrorInvalidValue: ")));
  EXPECT_THAT(CudaStatus(cudaErrorMemoryAllocation),
              StatusIs(absl::StatusCode::kResourceExhausted, StartsWith("cudaErrorMemoryAllocation: ")));
}

TEST(CudaStatus, SaysWhatToDo) {
  EXPECT_THAT(CudaStatus(cudaErrorStubLibrary),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("LD_LIBRARY_PATH")));
  EXPECT_THAT(CudaStatus(cudaErrorSystemDriverMismatch),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("different versions")));
  EXPECT_THAT(CudaStatus(cudaErrorInitializationError),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("fork()")));
  EXPECT_THAT(CudaStatus(cudaErrorSystemNotReady),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nvidia-fabricmanager")));
  EXPECT_THAT(CudaStatus(cudaErrorDevicesUnavailable),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nvidia-smi -q -d COMPUTE")));
  EXPECT_THAT(CudaStatus(cudaErrorNoDevice), StatusIs(absl::StatusCode::kNotFound, HasSubstr("CUDA_VISIBLE_DEVICES")));
  EXPECT_THAT(CudaStatus(cudaErrorStreamCaptureImplicit),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("after the capture")));
  for (const cudaError_t error : {cudaErrorNoKernelImageForDevice, cudaErrorInvalidDeviceFunction}) {
    EXPECT_THAT(CudaStatus(error),
                StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("not compiled for this device")));
  }
}

TEST(CudaStatus, FaultsLoseTheContext) {
  for (const cudaError_t error : {cudaErrorIllegalAddress, cudaErrorLaunchFailure, cudaErrorAssert,
                                  cudaErrorMisalignedAddress, cudaErrorECCUncorrectable, cudaErrorLaunchTimeout}) {
    EXPECT_THAT(CudaStatus(error), StatusIs(absl::StatusCode::kInternal, HasSubstr("context lost"))) << error;
  }
  // These concern one call.
  for (const cudaError_t error : {cudaErrorInvalidValue, cudaErrorInvalidConfiguration, cudaErrorNotSupported}) {
    EXPECT_THAT(CudaStatus(error), StatusIs(absl::StatusCode::kInternal, Not(HasSubstr("context lost")))) << error;
  }
}

TEST(CudaErrorOf, FindsTheErrorOfAnException) {
  const absl::Status status = CatchTorch("LibTorch", [] {
    throw c10::AcceleratorError({__func__, __FILE__, __LINE__}, cudaErrorIllegalAddress, "a text");
  });
  EXPECT_EQ(CudaErrorOf(status), cudaErrorIllegalAddress);
  EXPECT_EQ(CudaErrorOf(absl::InternalError("another")), std::nullopt);
  EXPECT_EQ(CudaErrorOf(absl::OkStatus()), std::nullopt);
}

}  // namespace
}  // namespace metaconv
