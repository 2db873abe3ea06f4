#include "checkpoint/mapped_file.h"

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Allocator.h"
#include "checkpoint/checkpoint_file.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/storage_location.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/meta_storage_desc.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

MetaStorageId IdOf(const Checkpoint& checkpoint, std::string_view name) {
  for (const NamedTensor& tensor : checkpoint.tensors) {
    if (tensor.name == name) return tensor.desc->storage->id;
  }
  ADD_FAILURE() << name;
  return -1;
}

std::string ReadWhole(const CheckpointFile& file, MetaStorageId id) {
  std::string bytes(static_cast<std::size_t>(file.checkpoint().storages[static_cast<std::size_t>(id)].size), '\0');
  EXPECT_THAT(file.Read(id, 0, absl::MakeSpan(bytes)), IsOk());
  return bytes;
}

std::string_view BytesOf(const c10::DataPtr& data, std::size_t size) {
  return size == 0 ? std::string_view() : std::string_view(static_cast<const char*>(data.get()), size);
}

class MappedFixtureTest : public testing::TestWithParam<const char*> {};

TEST_P(MappedFixtureTest, StoragesEqualTheBytesOfRead) {
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath(GetParam()));
  ASSERT_THAT(file, IsOk());
  const absl::StatusOr<MappedFile> mapped = MappedFile::Map(*file);
  ASSERT_THAT(mapped, IsOk());
  int count = 0;
  for (std::size_t i = 0; i < file->checkpoint().storages.size(); ++i) {
    const MetaStorageId id = static_cast<MetaStorageId>(i);
    if (!mapped->CanMap(id)) continue;
    const absl::StatusOr<c10::DataPtr> data = mapped->Storage(id);
    ASSERT_THAT(data, IsOk());
    const std::string bytes = ReadWhole(*file, id);
    EXPECT_TRUE(data->device().is_cpu());
    EXPECT_EQ(BytesOf(*data, bytes.size()), bytes);
    EXPECT_EQ(data->get() == nullptr, bytes.empty());
    const auto alignment = static_cast<std::uintptr_t>(file->checkpoint().storages[i].alignment);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data->get()) % alignment, 0u);
    ++count;
  }
  EXPECT_GT(count, 1);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, MappedFixtureTest,
                         testing::Values("bytes.pt", "bytes_without_crc.pt", "bytes_big_endian.pt", "bytes_traced.pt",
                                         "bytes.safetensors", "bytes_aligned.safetensors"));

TEST(MappedFileTest, WritesArePrivateToTheProcess) {
  const std::string content = ReadFile(FixturePath("bytes.pt"));
  const std::string path = WriteFile("private.pt", content);
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(path);
  ASSERT_THAT(file, IsOk());
  const absl::StatusOr<MappedFile> mapped = MappedFile::Map(*file);
  ASSERT_THAT(mapped, IsOk());
  const c10::DataPtr first = *mapped->Storage(0);
  const c10::DataPtr second = *mapped->Storage(0);
  std::memset(first.get(), 7, 120);
  EXPECT_EQ(BytesOf(second, 120), std::string(120, '\7'));  // Two pointers to one storage.
  EXPECT_EQ(ReadFile(path), content);
}

TEST(MappedFileTest, PointersOutliveFileAndMapping) {
  std::optional<c10::DataPtr> data;
  std::string bytes;
  {
    const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath("bytes.pt"));
    ASSERT_THAT(file, IsOk());
    bytes = ReadWhole(*file, 0);
    data = *MappedFile::Map(*file)->Storage(0);
  }
  EXPECT_EQ(BytesOf(*data, bytes.size()), bytes);
}

TEST(MappedFileTest, TheErrorSaysWhyAStorageCannotBeMapped) {
  struct Case {
    const char* fixture;
    const char* tensor;
    const char* reason;
  };
  constexpr Case kCases[] = {
      {"bytes.safetensors", "float", "expected an offset that is a multiple of 4, found "},
      {"bytes.safetensors", "half", "expected an offset that is a multiple of 2, found "},
      {"bytes_deflated.pt", "base", "its bytes are compressed or not in the file"},
      {"bytes_big_endian.pt", "base", "its elements are in another byte order"},
      {"meta.pt", "meta", "its bytes are compressed or not in the file"},
  };
  for (const Case& c : kCases) {
    const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath(c.fixture));
    ASSERT_THAT(file, IsOk());
    const absl::StatusOr<MappedFile> mapped = MappedFile::Map(*file);
    ASSERT_THAT(mapped, IsOk());
    const MetaStorageId id = IdOf(file->checkpoint(), c.tensor);
    EXPECT_FALSE(mapped->CanMap(id));
    EXPECT_THAT(mapped->Storage(id),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(StartsWith(FixturePath(c.fixture) + ": storage "), HasSubstr(c.reason))));
  }
}

TEST(MappedFileTest, OtherStoragesOfTheFileCanBeMapped) {
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath("bytes.safetensors"));
  ASSERT_THAT(file, IsOk());
  const absl::StatusOr<MappedFile> mapped = MappedFile::Map(*file);
  ASSERT_THAT(mapped, IsOk());
  EXPECT_TRUE(mapped->CanMap(IdOf(file->checkpoint(), "byte")));
  EXPECT_TRUE(mapped->CanMap(IdOf(file->checkpoint(), "zero")));
}

TEST(MappedFileTest, UnknownIdsAreInvalid) {
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath("empty.pt"));
  ASSERT_THAT(file, IsOk());
  const absl::StatusOr<MappedFile> mapped = MappedFile::Map(*file);
  ASSERT_THAT(mapped, IsOk());
  EXPECT_FALSE(mapped->CanMap(0));
  EXPECT_THAT(mapped->Storage(-1), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr("expected the id of one of its 0 storages, found -1")));
}

TEST(MappedFileTest, AFileThatWasTruncatedAfterOpenIsNotMapped) {
  const std::string path = WriteFile("shorter.safetensors", ReadFile(FixturePath("bytes_aligned.safetensors")));
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(path);
  ASSERT_THAT(file, IsOk());
  const std::uint64_t end = file->checkpoint().storages.back().offset + 16;
  ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(end - 1)), 0);
  EXPECT_THAT(MappedFile::Map(*file),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("the file was truncated after it was opened")));
}

}  // namespace
}  // namespace metaconv
