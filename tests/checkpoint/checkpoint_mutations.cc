// Damaged files: reading each fixture truncated, and with changed bytes, gives a checkpoint or an error.
//
// The same holds for reading its storages. Other tests check the errors. This one checks that nothing crashes, together
// with the sanitizers.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/checkpoint_file.h"
#include "checkpoint/storage_location.h"
#include "gtest/gtest.h"
#include "meta/meta_storage_desc.h"
#include "tests/checkpoint/document.h"
#include "tests/checkpoint/test_files.h"

namespace metaconv {
namespace {

constexpr int kMutationsPerFixture = 400;
constexpr std::size_t kCutsPerFixture = 100;

// Few storages of the fixtures are larger, but a damaged file may contain any size.
constexpr std::size_t kBytesPerStorage = 1 << 16;

void ReadStorages(const CheckpointFile& file) {
  MetaStorageId id = 0;
  for (const StorageLocation& location : file.checkpoint().storages) {
    std::string bytes(std::min<std::size_t>(static_cast<std::size_t>(location.size), kBytesPerStorage), '\0');
    const absl::Status status = file.Read(id, 0, absl::MakeSpan(bytes));
    if (!status.ok()) {
      EXPECT_EQ(status.message().substr(0, file.path().size()), file.path());
    }
    if (location.size <= static_cast<std::int64_t>(kBytesPerStorage)) file.CheckCrc32(id).IgnoreError();
    ++id;
  }
}

class MutationTest : public testing::TestWithParam<std::string> {
 protected:
  void Read(const std::string& bytes) {
    const std::string path = WriteFile("mutated_" + GetParam(), bytes);
    const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(path, {.sparse_parts = true});
    if (file.ok()) {
      Document(file->checkpoint()).dump();
      ReadStorages(*file);
    } else {
      EXPECT_EQ(file.status().message().substr(0, path.size()), path);
    }
  }
};

TEST_P(MutationTest, Cut) {
  const std::string bytes = ReadFile(FixturePath(GetParam()));
  const std::size_t step = std::max<std::size_t>(1, bytes.size() / kCutsPerFixture);
  for (std::size_t size = 0; size < bytes.size(); size += step) Read(bytes.substr(0, size));
}

TEST_P(MutationTest, Changed) {
  const std::string bytes = ReadFile(FixturePath(GetParam()));
  std::mt19937 random(20240501);
  for (int i = 0; i < kMutationsPerFixture; ++i) {
    std::string mutated = bytes;
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips)
      mutated[random() % mutated.size()] = static_cast<char>(random());
    Read(mutated);
  }
}

// A change in a member of a zip archive is usually found by the CRC-32. So this test changes the pickle and then writes
// a new archive.
TEST_P(MutationTest, ChangedPickle) {
  const std::string bytes = ReadFile(FixturePath(GetParam()));
  const std::size_t begin = bytes.find("\x80\x02");
  if (bytes.substr(0, 2) != "PK" || begin == std::string::npos) return;
  // From the opcode PROTO to the header of the next member. That is more than the pickle, but bytes after STOP are
  // ignored.
  const std::string pickle = bytes.substr(begin, bytes.find("PK", begin) - begin);
  std::mt19937 random(20240502);
  for (int i = 0; i < kMutationsPerFixture; ++i) {
    std::string mutated = pickle;
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips)
      mutated[random() % mutated.size()] = static_cast<char>(random());
    const absl::StatusOr<Checkpoint> checkpoint =
        ReadCheckpoint(WriteTorchZip("mutated_pickle_" + GetParam(), mutated));
    if (checkpoint.ok()) Document(*checkpoint).dump();
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, MutationTest, testing::ValuesIn(FixtureNames()));

}  // namespace
}  // namespace metaconv
