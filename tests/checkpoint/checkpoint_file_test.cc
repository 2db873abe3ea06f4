#include "checkpoint/checkpoint_file.h"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "c10/core/Device.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/storage_location.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/meta_storage_desc.h"
#include "nlohmann/json.hpp"
#include "tests/checkpoint/document.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// The whole storage, `step` bytes at a time.
absl::StatusOr<std::string> ReadStorage(const CheckpointFile& file, MetaStorageId id, std::int64_t step = 64) {
  const std::int64_t size = file.checkpoint().storages[static_cast<std::size_t>(id)].size;
  std::string bytes(static_cast<std::size_t>(size), '\0');
  for (std::int64_t offset = 0; offset < size; offset += step) {
    const std::size_t count = static_cast<std::size_t>(std::min(step, size - offset));
    const absl::Status status =
        file.Read(id, offset, absl::MakeSpan(bytes).subspan(static_cast<std::size_t>(offset), count));
    if (!status.ok()) return status;
  }
  return bytes;
}

absl::Status ReadStorages(const CheckpointFile& file) {
  for (std::size_t id = 0; id < file.checkpoint().storages.size(); ++id) {
    absl::StatusOr<std::string> bytes = ReadStorage(file, static_cast<MetaStorageId>(id));
    if (!bytes.ok()) return bytes.status();
  }
  return absl::OkStatus();
}

// Bytes that tell where they are, and can be compressed.
std::string Pattern(std::size_t size, std::uint32_t seed) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>((static_cast<std::uint32_t>(i / 5) * 2654435761u + seed * 40503u) >> 24);
  }
  return bytes;
}

// One tensor of floats on each of these records.
std::string WriteTensors(std::string_view name, const std::vector<std::string>& records,
                         ZipMethod method = ZipMethod::kStored) {
  std::vector<std::pair<std::string, std::string>> items;
  std::vector<std::pair<std::string, std::string>> members;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::int64_t numel = static_cast<std::int64_t>(records[i].size() / 4);
    items.emplace_back(Text(absl::StrCat("t", i)), TensorV2(Storage(absl::StrCat(i), numel), 0, {numel}, {1}));
    members.emplace_back(absl::StrCat("archive/data/", i), records[i]);
  }
  members.emplace(members.begin(), "archive/data.pkl", Pickled(Dict(items)));
  return WriteZip(name, members, method);
}

// --- What Python loads. ---

class BytesTest : public testing::TestWithParam<std::string> {};

TEST_P(BytesTest, AreThoseThatPythonLoads) {
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

// Wherever a file ends that has not all bytes of a storage, somebody notices.
TEST_P(BytesTest, AFileThatIsCutIsAnError) {
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

TEST_P(BytesTest, RecordsAreThoseOfReadCheckpoint) {
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

INSTANTIATE_TEST_SUITE_P(Fixtures, BytesTest, testing::ValuesIn(NamesOfGoldenFixtures()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) c = absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

// --- Where they lie. ---

TEST(CheckpointFileTest, LocationsSayWhereAndInWhatForm) {
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

TEST(CheckpointFileTest, ViewsOfALegacyStorageLieInsideOfIt) {
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath("bytes_legacy_views.pt"));
  ASSERT_THAT(file, IsOk());
  const std::vector<StorageLocation>& storages = file->checkpoint().storages;
  ASSERT_EQ(storages.size(), 3u);
  EXPECT_EQ(storages[1].offset, storages[0].offset);
  EXPECT_EQ(storages[2].offset, storages[0].offset + 16);
  EXPECT_EQ(*ReadStorage(*file, 2), ReadStorage(*file, 0)->substr(16));
}

TEST(CheckpointFileTest, AlignmentIsThatOfTheLargestElementOnTheStorage) {
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

TEST(CheckpointFileTest, PartsOfCooTensorsHaveBytes) {
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath("bytes.pt"), {.sparse_parts = true});
  ASSERT_THAT(file, IsOk());
  const auto& tensors = file->checkpoint().tensors;
  const auto coo =
      std::find_if(tensors.begin(), tensors.end(), [](const auto& tensor) { return tensor.name == "coo"; });
  ASSERT_NE(coo, tensors.end());
  std::string indices;
  for (const std::uint64_t index : {0, 2, 1, 1, 0, 3}) indices += LittleEndian(index, 8);
  EXPECT_EQ(*ReadStorage(*file, coo->desc->indices->storage->id), indices);
  EXPECT_EQ(ReadStorage(*file, coo->desc->values->storage->id)->size(), 24u);
}

// --- What can be asked for. ---

TEST(CheckpointFileTest, RangesMustBeInsideOfAStorage) {
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
                         absl::StrCat(path, ": storage 0, member 'archive/data/0': expected a range inside of its 100 ",
                                      "bytes, found 10 bytes from ", offset, " on")));
  }
  for (const MetaStorageId id : {MetaStorageId{-1}, MetaStorageId{1}, INT64_MAX}) {
    const std::string message = absl::StrCat(path, ": expected the id of one of its 1 storages, found ", id);
    EXPECT_THAT(file->Read(id, 0, absl::MakeSpan(into)), StatusIs(absl::StatusCode::kInvalidArgument, message));
    EXPECT_THAT(file->CheckCrc32(id), StatusIs(absl::StatusCode::kInvalidArgument, message));
  }
}

TEST(CheckpointFileTest, SwappedElementsAreReadWhole) {
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(FixturePath("bytes_big_endian.pt"));
  ASSERT_THAT(file, IsOk());
  const std::string whole = *ReadStorage(*file, 0);
  std::string into(8, '\0');
  EXPECT_THAT(file->Read(0, 4, absl::MakeSpan(into)), IsOk());
  EXPECT_EQ(into, whole.substr(4, 8));
  constexpr std::string_view kWanted = "expected a range of whole elements of 4 bytes, which are swapped";
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
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("expected offset 128, or 0 to begin again")));
  // After an error, and after the end, it begins again.
  EXPECT_THAT(file->Read(0, 128, span),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("expected offset 0")));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(*ReadStorage(*file, 0, 100'000) == bytes);
}

TEST(CheckpointFileTest, StoragesWithoutBytesInTheFile) {
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

// --- Files that are damaged, or change. ---

TEST(CheckpointFileTest, DamageIsFoundByItsChecksum) {
  for (const ZipMethod method : {ZipMethod::kStored, ZipMethod::kDeflated}) {
    const std::string path = WriteTensors("damaged.pt", {Pattern(1000, 3), Pattern(1000, 4)}, method);
    std::string content = ReadFile(path);
    const std::uint64_t offset = CheckpointFile::Open(path)->checkpoint().storages[1].offset;
    content[offset + 50] = static_cast<char>(content[offset + 50] ^ 4);
    const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(WriteFile("damaged.pt", content));
    ASSERT_THAT(file, IsOk());
    EXPECT_THAT(file->CheckCrc32(0), IsOk());
    EXPECT_THAT(file->CheckCrc32(1), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("storage 1, member")));
    // A plain storage may be read in any order, which leaves the check to whoever wants it.
    const absl::Status read = ReadStorage(*file, 1).status();
    EXPECT_EQ(read.code(), method == ZipMethod::kStored ? absl::StatusCode::kOk : absl::StatusCode::kDataLoss);
  }
}

TEST(CheckpointFileTest, ChecksumsNameWhatWasExpectedAndFound) {
  const std::string path = WriteTensors("checksum.pt", {std::string(8, '\0')});
  std::string content = ReadFile(path);
  content[CheckpointFile::Open(path)->checkpoint().storages[0].offset] = '\1';
  EXPECT_THAT(CheckpointFile::Open(WriteFile("checksum.pt", content))->CheckCrc32(0),
              StatusIs(absl::StatusCode::kDataLoss,
                       path + ": storage 0, member 'archive/data/0': expected bytes with the CRC-32 6522df69, found "
                              "a988dff7"));
}

// torch.save writes zeros for all members where it computes no CRC-32. These four bytes have it by themselves.
TEST(CheckpointFileTest, AChecksumOfZeroIsOneUnlessAllAreZero) {
  const std::string path = WriteTensors("zero.pt", {"\x9d\x0a\xd9\x6d"});
  EXPECT_EQ(CheckpointFile::Open(path)->checkpoint().storages[0].crc32, 0u);
}

TEST(CheckpointFileTest, AFileThatHasBecomeShorter) {
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
                                       " of the file on, found 36: it has become shorter since it was opened"))));
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

// --- Many threads. ---

TEST(CheckpointFileTest, ManyThreadsReadDifferentCompressedStorages) {
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

TEST(CheckpointFileTest, ManyThreadsReadOnePlainStorage) {
  const std::string bytes = Pattern(300'000, 9);
  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(WriteTensors("threads.pt", {bytes}));
  ASSERT_THAT(file, IsOk());
  RunThreads(8, [&](int i) { EXPECT_TRUE(*ReadStorage(*file, 0, 1000 + i) == bytes) << i; });
}

// It is not how it should be used, but what comes is either right or an error.
TEST(CheckpointFileTest, ManyThreadsReadOneCompressedStorage) {
  const std::string bytes = Pattern(300'000, 10);
  const absl::StatusOr<CheckpointFile> file =
      CheckpointFile::Open(WriteTensors("threads.pt", {bytes}, ZipMethod::kDeflated));
  ASSERT_THAT(file, IsOk());
  RunThreads(8, [&](int) {
    const absl::StatusOr<std::string> read = ReadStorage(*file, 0, 1024);
    if (read.ok()) {
      EXPECT_TRUE(*read == bytes);
    } else {
      EXPECT_THAT(read, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("in order only")));
    }
  });
  EXPECT_TRUE(*ReadStorage(*file, 0, 1024) == bytes);
}

}  // namespace
}  // namespace metaconv
