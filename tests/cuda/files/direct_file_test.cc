#include "cuda/files/direct_file.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cuda/files/page_cache.h"
#include "gtest/gtest.h"
#include "meta/checksum.h"
#include "tests/cuda/temporary_file.h"
#include "tests/testing/run_threads.h"

namespace metaconv {
namespace {

constexpr std::int64_t kBlock = DirectFile::kBlockSize;

std::vector<char> SomeContent(std::int64_t size) {
  std::vector<char> content(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(MixBits(i));
  return content;
}

// Whole blocks, aligned to blocks.
class Blocks {
 public:
  explicit Blocks(std::int64_t size)
      : data_(static_cast<char*>(std::aligned_alloc(static_cast<std::size_t>(kBlock),
                                                    static_cast<std::size_t>(DirectFile::BlockEnd(size)))),
              std::free) {
    std::memset(data_.get(), 'x', static_cast<std::size_t>(DirectFile::BlockEnd(size)));
  }
  char* data() const { return data_.get(); }

 private:
  const std::unique_ptr<char, void (*)(void*)> data_;
};

// Compares reads of many ranges with pread.
void CompareWithPread(const TemporaryFile& file, std::int64_t file_size, bool direct_io, bool drop_cache) {
  const DirectFile direct(file.descriptor(), direct_io);
  for (const std::int64_t offset : {std::int64_t{0}, kBlock, 5 * kBlock}) {
    for (const std::int64_t size :
         {std::int64_t{1}, kBlock - 1, kBlock, kBlock + 1, 10 * kBlock + 7, file_size - offset}) {
      SCOPED_TRACE(std::to_string(offset) + ", " + std::to_string(size) + " bytes");
      if (offset + size > file_size) continue;
      if (drop_cache) file.DropCache();
      const Blocks blocks(size);
      ASSERT_TRUE(direct.Read(offset, size, blocks.data()));
      std::vector<char> expected(static_cast<std::size_t>(size));
      ASSERT_EQ(pread(file.descriptor(), expected.data(), expected.size(), offset), size);
      ASSERT_EQ(std::memcmp(blocks.data(), expected.data(), expected.size()), 0);
    }
  }
}

class DirectFileTest : public testing::TestWithParam<std::string> {
 protected:
  static std::string Folder() { return GetParam().empty() ? testing::TempDir() : GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(Folders, DirectFileTest, testing::Values("", "/dev/shm"), [](const auto& info) {
  return info.param.empty() ? std::string("TemporaryFolder") : std::string("Tmpfs");
});

TEST_P(DirectFileTest, ReadsWhatPreadReads) {
  for (const std::int64_t size : {20 * kBlock, 20 * kBlock + 1, 21 * kBlock - 1}) {
    const TemporaryFile file(Folder(), SomeContent(size));
    for (const bool direct_io : {false, true}) {
      for (const bool drop_cache : {false, true}) CompareWithPread(file, size, direct_io, drop_cache);
    }
  }
}

TEST_P(DirectFileTest, TheEndOfTheFileIsNotFilledUp) {
  const TemporaryFile file(Folder(), SomeContent(kBlock + 10));
  for (const bool direct_io : {false, true}) {
    file.DropCache();
    const DirectFile direct(file.descriptor(), direct_io);
    const Blocks blocks(3 * kBlock);
    EXPECT_FALSE(direct.Read(0, kBlock + 11, blocks.data()));
    EXPECT_FALSE(direct.Read(0, 3 * kBlock, blocks.data()));
    EXPECT_FALSE(direct.Read(2 * kBlock, 1, blocks.data()));
    EXPECT_TRUE(direct.Read(kBlock, 10, blocks.data()));
  }
}

TEST_P(DirectFileTest, ManyThreadsReadAtOnce) {
  const std::vector<char> content = SomeContent(64 * kBlock);
  const TemporaryFile file(Folder(), content);
  file.DropCache();
  const DirectFile direct(file.descriptor(), /*direct_io=*/true);
  RunThreads(8, [&](int thread) {
    const Blocks blocks(4 * kBlock);
    for (int i = 0; i < 16; ++i) {
      const std::int64_t offset = 4 * kBlock * ((i + thread) % 16);
      ASSERT_TRUE(direct.Read(offset, 4 * kBlock, blocks.data()));
      ASSERT_TRUE(std::equal(blocks.data(), blocks.data() + 4 * kBlock, content.begin() + offset));
    }
  });
}

TEST(DirectFile, AReadThatTheFileSystemRefusesIsBuffered) {
  const std::vector<char> content = SomeContent(8 * kBlock);
  const TemporaryFile file(content);
  file.DropCache();
  const DirectFile direct(file.descriptor(), /*direct_io=*/true);
  // Direct reads into memory with an odd address are refused.
  const Blocks blocks(9 * kBlock);
  ASSERT_TRUE(direct.Read(0, 8 * kBlock, blocks.data() + 1));
  EXPECT_TRUE(std::equal(content.begin(), content.end(), blocks.data() + 1));
}

TEST(DirectFile, DirectReadsLeaveThePageCacheAsItIs) {
  const TemporaryFile file(SomeContent(256 * kBlock));
  file.DropCache();
  const DirectFile direct(file.descriptor(), /*direct_io=*/true);
  const std::optional<std::int64_t> before = CachedBytes(file.descriptor(), 0, 256 * kBlock);
  ASSERT_TRUE(before.has_value());
  const Blocks blocks(256 * kBlock);
  ASSERT_TRUE(direct.Read(0, 256 * kBlock, blocks.data()));
  // Where direct reads are not possible, or the kernel has kept the file, the read is through the page cache.
  const bool was_direct = direct.is_direct() && *before < 128 * kBlock;
  EXPECT_EQ(CachedBytes(file.descriptor(), 0, 256 * kBlock), was_direct ? *before : 256 * kBlock);
  ASSERT_TRUE(DirectFile(file.descriptor(), /*direct_io=*/false).Read(0, 256 * kBlock, blocks.data()));
  EXPECT_TRUE(direct.IsCached(0, 256 * kBlock));
}

TEST(DirectFile, WhatIsNotAFileCannotBeRead) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Blocks blocks(1);
  EXPECT_FALSE(DirectFile(ends[0], /*direct_io=*/true).Read(0, 1, blocks.data()));
  EXPECT_FALSE(DirectFile(-1, /*direct_io=*/true).Read(0, 1, blocks.data()));
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace metaconv
