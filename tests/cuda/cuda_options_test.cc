#include "cuda/cuda_options.h"

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;

TEST(CudaOptions, TheDefaultsAreValid) {
  const CudaStoragePathOptions defaults;
  EXPECT_GE(defaults.threads, 8);
  EXPECT_LE(defaults.threads, 16);
  EXPECT_GT(defaults.buffers, defaults.threads);
  EXPECT_THAT(SetCudaOptions(defaults), IsOk());
}

TEST(CudaOptions, InvalidOptionsAreErrors) {
  const auto expect_error = [](const CudaStoragePathOptions& options, const std::string& message) {
    EXPECT_THAT(SetCudaOptions(options), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  expect_error({.buffers = 0}, "buffers: expected a number from 1 to 4096, found 0");
  expect_error({.buffers = 4097}, "found 4097");
  expect_error({.buffer_size = 65535}, "buffer_size: expected a number from 65536 to 1073741824, found 65535");
  expect_error({.small_size = -1}, "small_size: expected a number from 0 to 1073741824, found -1");
  expect_error({.threads = 0}, "threads: expected a number from 1 to 1024, found 0");
  expect_error({.direct_io_size = -1}, "direct_io_size: expected a number from 0 to");
}

TEST(CudaOptions, CannotBeSetOnceTheyAreUsed) {
  EXPECT_THAT(SetCudaOptions({.threads = 3}), IsOk());
  EXPECT_THAT(SetCudaOptions({.threads = 4, .direct_io = false}), IsOk());
  EXPECT_THAT(SetCudaOptions({.threads = 0}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("threads")));
  const CudaStoragePathOptions used = internal::UseCudaOptions();
  EXPECT_EQ(used, (CudaStoragePathOptions{.threads = 4, .direct_io = false}));
  EXPECT_THAT(SetCudaOptions({}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("before the first use of the storage path")));
  EXPECT_EQ(internal::UseCudaOptions(), used);
}

}  // namespace
}  // namespace metaconv
