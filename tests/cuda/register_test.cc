// Tests that linking //cuda registers the storage path for CUDA, with and without a GPU.

#include "absl/status/status.h"
#include "c10/core/Device.h"
#include "converter/storage_path.h"
#include "cuda/cuda_options.h"
#include "cuda/runtime/cuda_runtime.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;

TEST(Cuda, LinkingRegistersThePath) {
  const c10::Device device(c10::DeviceType::CUDA, 0);
  const absl::StatusOr<StoragePath*> path = StoragePathFor(device);
  ASSERT_THAT(path, IsOk());
  // Options can be set until the first use.
  EXPECT_THAT(SetCudaOptions({.threads = 2}), IsOk());
  const absl::StatusOr<c10::Storage> storage = (*path)->Allocate(device, 4096);
  EXPECT_THAT(SetCudaOptions({.threads = 3}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("options for CUDA")));

  const absl::StatusOr<int> count = TheCudaRuntime().DeviceCount();
  if (!count.ok()) {
    EXPECT_THAT(storage, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cuda:0: ")));
    EXPECT_THAT((*path)->Wait(device), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cuda:0: ")));
  } else if (*count == 0) {
    EXPECT_THAT(storage, StatusIs(absl::StatusCode::kNotFound, HasSubstr("cuda:0: ")));
  } else {
    ASSERT_THAT(storage, IsOk());
    EXPECT_EQ(storage->nbytes(), 4096u);
    // Like any storage that LibTorch allocates on CUDA, it is resizable.
    EXPECT_NE(storage->allocator(), nullptr);
    EXPECT_TRUE(storage->resizable());
    EXPECT_THAT((*path)->Zero({*storage}), IsOk());
    EXPECT_THAT((*path)->Wait(device), IsOk());
  }
}

}  // namespace
}  // namespace metaconv
