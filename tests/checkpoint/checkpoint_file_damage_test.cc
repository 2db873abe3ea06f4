#include <unistd.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/checkpoint_file.h"
#include "checkpoint/storage_location.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/storage_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(CheckpointFileDamageTest, DamageIsFoundByItsChecksum) {
  for (const ZipMethod method : {ZipMethod::kStored, ZipMethod::kDeflated}) {
    const std::string path = WriteTensors("damaged.pt", {Pattern(1000, 3), Pattern(1000, 4)}, method);
    std::string content = ReadFile(path);
    const std::uint64_t offset = CheckpointFile::Open(path)->checkpoint().storages[1].offset;
    content[offset + 50] = static_cast<char>(content[offset + 50] ^ 4);
    const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(WriteFile("damaged.pt", content));
    ASSERT_THAT(file, IsOk());
    EXPECT_THAT(file->CheckCrc32(0), IsOk());
    EXPECT_THAT(file->CheckCrc32(1), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("storage 1, member")));
    // A plain storage can be read in any order, so Read does not verify its CRC-32.
    const absl::Status read = ReadStorage(*file, 1).status();
    EXPECT_EQ(read.code(), method == ZipMethod::kStored ? absl::StatusCode::kOk : absl::StatusCode::kDataLoss);
  }
}

TEST(CheckpointFileDamageTest, TheMessageHasBothChecksums) {
  const std::string path = WriteTensors("checksum.pt", {std::string(8, '\0')});
  std::string content = ReadFile(path);
  content[CheckpointFile::Open(path)->checkpoint().storages[0].offset] = '\1';
  EXPECT_THAT(CheckpointFile::Open(WriteFile("checksum.pt", content))->CheckCrc32(0),
              StatusIs(absl::StatusCode::kDataLoss,
                       path + ": storage 0, member 'archive/data/0': expected bytes with the CRC-32 6522df69, found "
                              "a988dff7"));
}

// If torch.save does not compute CRC-32s, it writes 0 for all members. Here 0 is the CRC-32 of the four bytes.
TEST(CheckpointFileDamageTest, AChecksumOfZeroIsValidUnlessAllAreZero) {
  const std::string path = WriteTensors("zero.pt", {"\x9d\x0a\xd9\x6d"});
  EXPECT_EQ(CheckpointFile::Open(path)->checkpoint().storages[0].crc32, 0u);
}

TEST(CheckpointFileDamageTest, AFileThatWasTruncatedAfterOpen) {
  for (const ZipMethod method : {ZipMethod::kStored, ZipMethod::kDeflated}) {
    const std::string path = WriteTensors("shorter.pt", {Pattern(1000, 5), Pattern(400'000, 6)}, method);
    const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(path);
    ASSERT_THAT(file, IsOk());
    const StorageLocation& location = file->checkpoint().storages[1];
    ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(location.offset + 100)), 0);
    EXPECT_THAT(ReadStorage(*file, 0), IsOk());
    EXPECT_THAT(ReadStorage(*file, 1),
                StatusIs(absl::StatusCode::kDataLoss, StartsWith(path + ": storage 1, member 'archive/data/1': ")));
    EXPECT_THAT(file->CheckCrc32(1), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("storage 1")));
    if (method == ZipMethod::kDeflated) continue;
    EXPECT_THAT(
        ReadStorage(*file, 1),
        StatusIs(absl::StatusCode::kDataLoss,
                 EndsWith(absl::StrCat("expected 64 bytes from offset ", location.offset + 64,
                                       " of the file on, found 36: the file was truncated after it was opened"))));
  }
}

}  // namespace
}  // namespace metaconv
