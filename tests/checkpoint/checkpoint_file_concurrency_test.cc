#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/storage_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;

TEST(CheckpointFileConcurrencyTest, ManyThreadsReadDifferentCompressedStorages) {
  constexpr int kThreads = 8;
  std::vector<std::string> records;
  for (std::uint32_t i = 0; i < kThreads; ++i) records.push_back(Pattern(300'000, i));
  const absl::StatusOr<CheckpointFile> file =
      CheckpointFile::Open(WriteTensors("threads.pt", records, ZipMethod::kDeflated));
  ASSERT_THAT(file, IsOk());
  RunThreads(kThreads, [&](int i) {
    for (int again = 0; again < 3; ++again) {
      EXPECT_TRUE(*ReadStorage(*file, i, 1024) == records[static_cast<std::size_t>(i)]) << i;
      EXPECT_THAT(file->CheckCrc32(i), IsOk());
    }
  });
}

TEST(CheckpointFileConcurrencyTest, ManyThreadsReadOnePlainStorage) {
  const std::string bytes = Pattern(300'000, 9);
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(WriteTensors("threads.pt", {bytes}));
  ASSERT_THAT(file, IsOk());
  RunThreads(8, [&](int i) { EXPECT_TRUE(*ReadStorage(*file, 0, 1000 + i) == bytes) << i; });
}

// The caller must not do this, but the result is either correct or an error.
TEST(CheckpointFileConcurrencyTest, ManyThreadsReadOneCompressedStorage) {
  const std::string bytes = Pattern(300'000, 10);
  const absl::StatusOr<CheckpointFile> file =
      CheckpointFile::Open(WriteTensors("threads.pt", {bytes}, ZipMethod::kDeflated));
  ASSERT_THAT(file, IsOk());
  RunThreads(8, [&](int) {
    const absl::StatusOr<std::string> read = ReadStorage(*file, 0, 1024);
    if (read.ok()) {
      EXPECT_TRUE(*read == bytes);
    } else {
      EXPECT_THAT(read, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("must be read in order")));
    }
  });
  EXPECT_TRUE(*ReadStorage(*file, 0, 1024) == bytes);
}

}  // namespace
}  // namespace metaconv
