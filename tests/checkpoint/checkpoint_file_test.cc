#include "checkpoint/checkpoint_file.h"

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/storage_location.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/meta_storage_desc.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/checkpoint/storage_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(CheckpointFileTest, RangesHaveToBeInsideTheStorage) {
  const std::string path = WriteTensors("ranges.pt", {Pattern(100, 1)});
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(path);
  ASSERT_THAT(file, IsOk());
  std::string into(10, '\0');
  EXPECT_THAT(file->Read(0, 90, absl::MakeSpan(into)), IsOk());
  EXPECT_EQ(into, Pattern(100, 1).substr(90));
  EXPECT_THAT(file->Read(0, 100, {}), IsOk());
  for (const std::int64_t offset : {std::int64_t{-1}, std::int64_t{91}, std::int64_t{101}, INT64_MIN, INT64_MAX}) {
    EXPECT_THAT(file->Read(0, offset, absl::MakeSpan(into)),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         absl::StrCat(path, ": storage 0, member 'archive/data/0': expected a range inside its 100 ",
                                      "bytes, found 10 bytes from ", offset, " on")));
  }
  for (const MetaStorageId id : {MetaStorageId{-1}, MetaStorageId{1}, INT64_MAX}) {
    const std::string message = absl::StrCat(path, ": expected the id of one of its 1 storages, found ", id);
    EXPECT_THAT(file->Read(id, 0, absl::MakeSpan(into)), StatusIs(absl::StatusCode::kInvalidArgument, message));
    EXPECT_THAT(file->CheckCrc32(id), StatusIs(absl::StatusCode::kInvalidArgument, message));
  }
}

TEST(CheckpointFileTest, ConvertedElementsAreReadAsAWhole) {
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath("bytes_big_endian.pt"));
  ASSERT_THAT(file, IsOk());
  const std::string whole = *ReadStorage(*file, 0);
  std::string into(8, '\0');
  EXPECT_THAT(file->Read(0, 4, absl::MakeSpan(into)), IsOk());
  EXPECT_EQ(into, whole.substr(4, 8));
  constexpr std::string_view kWanted = "expected a range of whole elements of 4 bytes, whose byte order is converted";
  EXPECT_THAT(file->Read(0, 2, absl::MakeSpan(into)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(kWanted))));
  EXPECT_THAT(file->Read(0, 0, absl::MakeSpan(into).subspan(1)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(kWanted))));
}

TEST(CheckpointFileTest, CompressedStoragesAreReadInOrder) {
  const std::string bytes = Pattern(400'000, 2);
  const std::string path = WriteTensors("deflated.pt", {bytes}, ZipMethod::kDeflated);
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(path);
  ASSERT_THAT(file, IsOk());
  ASSERT_EQ(file->checkpoint().storages[0].bytes, StorageBytes::kDeflated);
  std::string into(64, '\0');
  const absl::Span<char> span = absl::MakeSpan(into);
  EXPECT_THAT(file->Read(0, 64, span),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(StartsWith(path + ": storage 0, member 'archive/data/0': is compressed"),
                             EndsWith("expected offset 0, found 64"))));
  EXPECT_THAT(file->Read(0, 0, span), IsOk());
  EXPECT_THAT(file->Read(0, 64, span), IsOk());
  EXPECT_EQ(into, bytes.substr(64, 64));
  EXPECT_THAT(file->Read(0, 64, span),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("expected offset 128, or 0 to start again")));
  // After an error, and after the end, the storage has to be read from the start.
  EXPECT_THAT(file->Read(0, 128, span),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("expected offset 0")));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(*ReadStorage(*file, 0, 100'000) == bytes);
}

TEST(CheckpointFileTest, StoragesWithoutBytesInTheFileAreErrors) {
  const std::string array =
      Reduce("numpy.core.multiarray", "_reconstruct", {Global("numpy", "ndarray"), Ints({0}), Text("b")}) +
      Tuple({Int(1), Ints({2, 3}), "N", Bool(true), Text("")}) + "b";
  const std::string computed = Reduce("torch._utils", "_rebuild_device_tensor_from_numpy",
                                      {array, Global("torch", "float64"), Text("mtia:0"), Bool(false)});
  const std::string on_meta = Reduce("torch._utils", "_rebuild_meta_tensor_no_storage",
                                     {Global("torch", "float32"), Ints({2}), Ints({1}), Bool(false)});
  const absl::StatusOr<CheckpointFile> file =
      CheckpointFile::Open(WriteTorchZip("computed.pt", Pickled(List({computed, on_meta}))));
  ASSERT_THAT(file, IsOk());
  std::string into(8, '\0');
  EXPECT_THAT(file->Read(0, 0, absl::MakeSpan(into)),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("storage 0: has no bytes in the file")));
  EXPECT_THAT(file->Read(1, 0, absl::MakeSpan(into)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("storage 1: is on the meta device")));
}

// The bytes that `file` has at PlainOffset, or nothing.
std::optional<std::string> BytesInPlace(const CheckpointFile& file, MetaStorageId id) {
  const std::optional<std::int64_t> offset = file.PlainOffset(id);
  if (!offset.has_value()) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(file.checkpoint().storages[id].size), '\0');
  EXPECT_EQ(pread(file.descriptor(), bytes.data(), bytes.size(), *offset), static_cast<ssize_t>(bytes.size()));
  return bytes;
}

TEST(CheckpointFileTest, PlainBytesAreInTheFile) {
  int found = 0;
  for (const std::string& name : FixtureNames()) {
    SCOPED_TRACE(name);
    const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath(name));
    if (!file.ok()) continue;
    for (std::size_t i = 0; i < file->checkpoint().storages.size(); ++i) {
      const auto id = static_cast<MetaStorageId>(i);
      const std::optional<std::string> bytes = BytesInPlace(*file, id);
      if (!bytes.has_value()) continue;
      ++found;
      EXPECT_EQ(*bytes, *ReadStorage(*file, id)) << i;
    }
  }
  EXPECT_GT(found, 20);
}

TEST(CheckpointFileTest, ConvertedOrAbsentBytesAreNotInTheFile) {
  const CheckpointFile swapped = *CheckpointFile::Open(FixturePath("bytes_big_endian.pt"));
  EXPECT_EQ(swapped.PlainOffset(0), std::nullopt);
  const CheckpointFile deflated =
      *CheckpointFile::Open(WriteTensors("compressed.pt", {Pattern(4000, 1)}, ZipMethod::kDeflated));
  EXPECT_EQ(deflated.PlainOffset(0), std::nullopt);
  const CheckpointFile plain = *CheckpointFile::Open(WriteTensors("plain.pt", {Pattern(4000, 1), ""}));
  EXPECT_NE(plain.PlainOffset(0), std::nullopt);
  for (const MetaStorageId id : {MetaStorageId{-1}, MetaStorageId{1}, MetaStorageId{2}}) {
    EXPECT_EQ(plain.PlainOffset(id), std::nullopt) << id;
  }
}

TEST(CheckpointFileTest, AnotherFileUnderThePathChangesNothing) {
  const std::string path = WriteTensors("path.pt", {Pattern(1000, 7)});
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(path);
  ASSERT_THAT(file, IsOk());
  ASSERT_EQ(std::rename(WriteTensors("other.pt", {Pattern(1000, 8)}).c_str(), path.c_str()), 0);
  EXPECT_EQ(*ReadStorage(*file, 0), Pattern(1000, 7));
  EXPECT_EQ(*ReadStorage(*CheckpointFile::Open(path), 0), Pattern(1000, 8));
}

TEST(CheckpointFileTest, ErrorsOfOpenAreThoseOfReadCheckpoint) {
  for (const std::string& path : {std::string("/nowhere/model.pt"), std::string("/"), WriteFile("text", "text")}) {
    const absl::Status status = CheckpointFile::Open(path).status();
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status, ReadCheckpoint(path).status());
  }
}

}  // namespace
}  // namespace metaconv
