#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "c10/core/Allocator.h"
#include "checkpoint/checkpoint_file.h"
#include "checkpoint/mapped_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/storage_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

std::string_view BytesOf(const c10::DataPtr& data, std::size_t size) {
  return size == 0 ? std::string_view() : std::string_view(static_cast<const char*>(data.get()), size);
}

TEST(MappedFileConcurrencyTest, ManyThreadsShareOneMapping) {
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath("bytes.pt"));
  ASSERT_THAT(file, IsOk());
  const absl::StatusOr<MappedFile> mapped = MappedFile::Map(*file);
  ASSERT_THAT(mapped, IsOk());
  const std::string bytes = *ReadStorage(*file, 0);
  RunThreads(8, [&](int) {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(BytesOf(*mapped->Storage(0), bytes.size()), bytes);
  });
}

}  // namespace
}  // namespace metaconv
