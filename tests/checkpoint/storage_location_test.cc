#include "checkpoint/storage_location.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/checkpoint/storage_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

TEST(StorageLocationTest, PositionAndEncodingOfTheFixtures) {
  const auto first = [](std::string_view name) {
    const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath(name));
    EXPECT_THAT(file, IsOk());
    return file.ok() && !file->checkpoint().storages.empty() ? file->checkpoint().storages[0] : StorageLocation();
  };
  const StorageLocation zip = first("bytes.pt");
  EXPECT_EQ(zip.bytes, StorageBytes::kPlain);
  EXPECT_EQ(zip.member, "bytes/data/0");
  EXPECT_EQ(zip.offset % 64, 0u);
  EXPECT_EQ(zip.size_in_file, 120u);
  EXPECT_EQ(zip.swap_size, 1);
  EXPECT_EQ(zip.alignment, 4);
  const std::string bytes = ReadFile(FixturePath("bytes.pt")).substr(zip.offset, 120);
  EXPECT_EQ(zip.crc32, crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  const StorageLocation deflated = first("bytes_deflated_big_endian.pt");
  EXPECT_EQ(deflated.bytes, StorageBytes::kDeflated);
  EXPECT_EQ(deflated.size, 120);
  EXPECT_EQ(deflated.swap_size, 4);
  EXPECT_EQ(deflated.crc32, zip.crc32);
  EXPECT_EQ(first("bytes_without_crc.pt").crc32, std::nullopt);
  EXPECT_EQ(first("bytes_tar.pt").member, "storages");
  EXPECT_EQ(first("bytes_legacy.pt").member, "");
  EXPECT_EQ(first("bytes_traced.pt").member, "bytes_traced/data/0");
}

TEST(StorageLocationTest, ViewsOfALegacyStorageAreInsideItsRange) {
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath("bytes_legacy_views.pt"));
  ASSERT_THAT(file, IsOk());
  const std::vector<StorageLocation>& storages = file->checkpoint().storages;
  ASSERT_EQ(storages.size(), 3u);
  EXPECT_EQ(storages[1].offset, storages[0].offset);
  EXPECT_EQ(storages[2].offset, storages[0].offset + 16);
  EXPECT_EQ(*ReadStorage(*file, 2), ReadStorage(*file, 0)->substr(16));
}

TEST(StorageLocationTest, AlignmentIsThatOfTheLargestElementOnTheStorage) {
  const std::string untyped = Storage("0", 16, "UntypedStorage") + Put(1) + "0";
  const auto tensor = [](std::string_view dtype, std::int64_t numel) {
    return Reduce("torch._utils", "_rebuild_tensor_v3",
                  {Get(1), Int(0), Ints({numel}), Ints({1}), Bool(false), "}", Global("torch", dtype)});
  };
  const std::string path = WriteTorchZip(
      "untyped.pt", Pickled(untyped + List({tensor("int16", 8), tensor("complex128", 1), tensor("int8", 4)})), {16});
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(path);
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->checkpoint().storages[0].alignment, 16);
}

TEST(StorageLocationTest, PartsOfCooTensorsHaveBytes) {
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath("bytes.pt"), {.sparse_parts = true});
  ASSERT_THAT(file, IsOk());
  const auto& tensors = file->checkpoint().tensors;
  const auto coo =
      std::find_if(tensors.begin(), tensors.end(), [](const auto& tensor) { return tensor.name == "coo"; });
  ASSERT_NE(coo, tensors.end());
  std::string indices;
  for (const std::uint64_t index : {0, 2, 1, 1, 0, 3}) indices += LittleEndian(index, 8);
  EXPECT_EQ(*ReadStorage(*file, coo->desc->sparse().indices->storage->id), indices);
  EXPECT_EQ(ReadStorage(*file, coo->desc->sparse().values->storage->id)->size(), 24u);
}

}  // namespace
}  // namespace metaconv
