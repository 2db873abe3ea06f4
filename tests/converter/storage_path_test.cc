#include "converter/storage_path.h"

#include <cstdint>
#include <memory>
#include <vector>

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

// A path that does not override AllocateAll, and returns an error for large storages.
class OneByOnePath final : public StoragePath {
 public:
  absl::StatusOr<c10::Storage> Allocate(c10::Device device, std::int64_t size_bytes) override {
    if (size_bytes > 100) return absl::ResourceExhaustedError("no room");
    return CpuStoragePath().Allocate(device, size_bytes);
  }
  absl::Status Zero(absl::Span<const c10::Storage>) override { return absl::OkStatus(); }
  absl::Status Copy(absl::Span<const StorageCopy>) override { return absl::OkStatus(); }
  absl::Status Load(absl::Span<const StorageLoad>, const LoadControl&) override { return absl::OkStatus(); }
  absl::StatusOr<std::vector<std::uint64_t>> Checksums(absl::Span<const c10::Storage>) override {
    return std::vector<std::uint64_t>();
  }
  absl::Status Wait(c10::Device) override { return absl::OkStatus(); }
};

TEST(StoragePathTest, TheDefaultAllocateAllCallsAllocateForEachStorage) {
  OneByOnePath path;
  std::vector<c10::Storage> storages;
  ASSERT_THAT(path.AllocateAll(c10::kCPU, {10, 0, 100}, storages), IsOk());
  ASSERT_EQ(storages.size(), 3);
  EXPECT_EQ(storages[0].nbytes(), 10);
  EXPECT_EQ(storages[2].nbytes(), 100);
}

TEST(StoragePathTest, AllocateAllEndsAtTheFirstError) {
  OneByOnePath path;
  std::vector<c10::Storage> storages;
  EXPECT_THAT(path.AllocateAll(c10::kCPU, {10, 101, 10}, storages),
              StatusIs(absl::StatusCode::kResourceExhausted, "no room"));
  EXPECT_EQ(storages.size(), 1) << "the storages before the one that failed";
}

}  // namespace
}  // namespace metaconv
