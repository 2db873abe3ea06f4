// The records and the bytes of each fixture equal those of the Python reference.

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "c10/core/Device.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/checkpoint_file.h"
#include "checkpoint/storage_location.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/meta_storage_desc.h"
#include "nlohmann/json.hpp"
#include "tests/checkpoint/document.h"
#include "tests/checkpoint/storage_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class GoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, RecordsAreThoseOfTheReference) {
  const absl::StatusOr<Checkpoint> checkpoint =
      ReadCheckpoint(FixturePath(GetParam()), {.map_location = c10::Device(c10::DeviceType::CPU)});
  ASSERT_THAT(checkpoint, IsOk());
  const nlohmann::ordered_json document = Document(*checkpoint);
  const auto golden = nlohmann::ordered_json::parse(ReadFile("tests/checkpoint/golden/" + GetParam() + ".json"));
  ASSERT_EQ(document["tensors"].size(), golden["tensors"].size());
  for (std::size_t i = 0; i < golden["tensors"].size(); ++i) EXPECT_EQ(document["tensors"][i], golden["tensors"][i]);
  EXPECT_EQ(document["storages"], golden["storages"]);
  // As text, so that the order counts too.
  EXPECT_EQ(document["names"].dump(), golden["names"].dump());
  EXPECT_EQ(document.value("opaque", nlohmann::ordered_json()).dump(),
            golden.value("opaque", nlohmann::ordered_json()).dump());
}

TEST_P(GoldenTest, BytesAreThoseThatPythonLoads) {
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath(GetParam()));
  ASSERT_THAT(file, IsOk());
  const std::vector<StorageLocation>& storages = file->checkpoint().storages;
  const auto golden = nlohmann::json::parse(ReadFile("tests/checkpoint/golden_bytes/" + GetParam() + ".json"));
  ASSERT_EQ(storages.size(), golden.size());
  for (std::size_t i = 0; i < storages.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("storage ", i));
    const MetaStorageId id = static_cast<MetaStorageId>(i);
    if (golden[i].is_null()) {
      EXPECT_EQ(storages[i].bytes, StorageBytes::kNone);
      continue;
    }
    EXPECT_EQ(storages[i].size, golden[i]["size"].get<std::int64_t>());
    for (const std::int64_t step : {std::int64_t{64}, std::int64_t{1} << 20}) {
      const absl::StatusOr<std::string> bytes = ReadStorage(*file, id, step);
      ASSERT_THAT(bytes, IsOk());
      EXPECT_EQ(crc32_z(0, reinterpret_cast<const Bytef*>(bytes->data()), bytes->size()),
                golden[i]["crc32"].get<std::uint32_t>());
    }
    EXPECT_THAT(file->CheckCrc32(id), IsOk());
  }
}

// A file that ends before the last byte of a storage gives an error, when it is opened or when the storage is read.
TEST_P(GoldenTest, ATruncatedFileIsAnError) {
  const std::string content = ReadFile(FixturePath(GetParam()));
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath(GetParam()));
  ASSERT_THAT(file, IsOk());
  for (const StorageLocation& location : file->checkpoint().storages) {
    if (location.size_in_file == 0) continue;
    const std::uint64_t end = location.offset + location.size_in_file;
    for (const std::uint64_t size : {location.offset, location.offset + 1, end - 1}) {
      const absl::StatusOr<CheckpointFile> cut =
          CheckpointFile::Open(WriteFile("cut_" + GetParam(), content.substr(0, size)));
      EXPECT_THAT(cut.ok() ? ReadStorages(*cut) : cut.status(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("")))
          << size;
    }
  }
}

TEST_P(GoldenTest, ACheckpointFileHasTheSameRecords) {
  const absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(FixturePath(GetParam()));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(Document(*checkpoint), Document(CheckpointFile::Open(FixturePath(GetParam()))->checkpoint()));
  EXPECT_THAT(checkpoint->storages, IsEmpty());
}

std::vector<std::string> NamesOfGoldenFixtures() {
  std::vector<std::string> names = FixtureNames();
  std::erase(names, "nested.pt");  // The reference's describer, which gives the ids, raises on it.
  return names;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, GoldenTest, testing::ValuesIn(NamesOfGoldenFixtures()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) c = absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

}  // namespace
}  // namespace metaconv
