#include "cuda/files/page_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/temporary_file.h"

namespace metaconv {
namespace {

using testing::AnyOf;

constexpr std::int64_t kSize = 1 << 20;

TEST(CachedBytes, AFileThatWasReadIsCached) {
  std::vector<char> bytes(kSize, 'a');
  const TemporaryFile file(bytes);
  ASSERT_EQ(pread(file.descriptor(), bytes.data(), bytes.size(), 0), kSize);
  EXPECT_EQ(CachedBytes(file.descriptor(), 0, kSize), kSize);
  EXPECT_EQ(CachedBytes(file.descriptor(), 65536, 65536), 65536);
}

TEST(CachedBytes, BothSystemCallsAgree) {
  std::vector<char> bytes(kSize, 'a');
  const TemporaryFile file(bytes);
  file.DropCache();
  // Reads without reading ahead, so that only some of the file is cached.
  posix_fadvise(file.descriptor(), 0, 0, POSIX_FADV_RANDOM);
  ASSERT_EQ(pread(file.descriptor(), bytes.data(), 65536, 131072), 65536);
  for (const std::int64_t offset : {0, 65536, 131072, 196608}) {
    const std::optional<std::int64_t> mincore = internal::CachedBytesByMincore(file.descriptor(), offset, 131072);
    ASSERT_TRUE(mincore.has_value());
    // Kernels before 6.5 do not have the other call.
    EXPECT_THAT(internal::CachedBytesByCachestat(file.descriptor(), offset, 131072), AnyOf(mincore, std::nullopt));
    EXPECT_EQ(CachedBytes(file.descriptor(), offset, 131072), mincore);
  }
  EXPECT_GE(internal::CachedBytesByMincore(file.descriptor(), 131072, 65536), 65536);
}

TEST(CachedBytes, IsUnknownForWhatIsNotAFile) { EXPECT_EQ(CachedBytes(-1, 0, kSize), std::nullopt); }

}  // namespace
}  // namespace metaconv
