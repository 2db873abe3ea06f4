#include "converter/storage_path.h"

#include <memory>

#include "converter/cpu_storage_path.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(StoragePathTest, TheErrorForAMissingPathNamesTheDeviceAndTheTarget) {
  EXPECT_THAT(StoragePathFor(c10::Device(c10::kCUDA, 1)),
              StatusIs(absl::StatusCode::kUnimplemented, AllOf(HasSubstr("cuda:1"), HasSubstr("//cuda"))));
  EXPECT_THAT(StoragePathFor(c10::Device(c10::kVulkan)),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("vulkan")));
  EXPECT_THAT(StoragePathFor(c10::Device(c10::kMeta)), StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("meta")));
}

TEST(StoragePathTest, TheFirstRegistrationWins) {
  EXPECT_FALSE(RegisterStoragePath(c10::kCPU, std::make_unique<CpuStoragePath>()));
  EXPECT_TRUE(RegisterStoragePath(c10::kXLA, std::make_unique<CpuStoragePath>()));
  const StoragePath* first = StoragePathFor(c10::Device(c10::kXLA, 0)).value();
  EXPECT_FALSE(RegisterStoragePath(c10::kXLA, std::make_unique<CpuStoragePath>()));
  EXPECT_EQ(StoragePathFor(c10::Device(c10::kXLA, 0)).value(), first);
}

}  // namespace
}  // namespace metaconv
