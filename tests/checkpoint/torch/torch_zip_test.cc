#include "checkpoint/torch/torch_zip.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/document.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

absl::StatusOr<Checkpoint> ReadPickle(const std::string& value, const std::vector<std::uint64_t>& records = {24}) {
  return ReadCheckpoint(WriteTorchZip("pickle.pt", Pickled(value), records));
}

TEST(TorchZipTest, TheFolderCanHaveAnyName) {
  const std::string pickle = Pickled(TensorV2(Storage("0", 2), 0, {2}, {1}));
  const std::string path = WriteZip("folder.pt", {{"é x/data/0", std::string(8, '\0')}, {"é x/data.pkl", pickle}});
  EXPECT_THAT(ReadCheckpoint(path), IsOk());
}

TEST(TorchZipTest, DeflatedMembersAreRead) {
  const std::string pickle = Pickled(TensorV2(Storage("0", 250'000), 0, {500, 500}, {500, 1}));
  const std::string path = WriteZip("deflated.pt", {{"a/data.pkl", pickle}, {"a/data/0", std::string(1'000'000, '\0')}},
                                    ZipMethod::kDeflated);
  EXPECT_THAT(ReadCheckpoint(path), IsOk());
}

TEST(TorchZipTest, RecordsMustHaveTheSizeThatThePickleSays) {
  EXPECT_THAT(ReadPickle(TensorV2(Storage("0", 6), 0, {6}, {1})), IsOk());
  // As in Python, a record may be longer than its elements, by less than one element.
  EXPECT_THAT(ReadPickle(TensorV2(Storage("0", 6), 0, {6}, {1}), {27}), IsOk());
  EXPECT_THAT(
      ReadPickle(TensorV2(Storage("0", 5), 0, {5}, {1})),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected 20 bytes in member 'archive/data/0', found 24")));
  EXPECT_THAT(
      ReadPickle(TensorV2(Storage("0", 7), 0, {7}, {1})),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected 28 bytes in member 'archive/data/0', found 24")));
  EXPECT_THAT(ReadPickle(TensorV2(Storage("7", 6), 0, {6}, {1})),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected member 'archive/data/7', found none")));
  // Storages that no tensor uses are checked too.
  EXPECT_THAT(ReadPickle(Storage("7", 6) + "0N"), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("found none")));
}

TEST(TorchZipTest, SizesAndStridesMustFitTheStorage) {
  const std::string storage = Storage("0", 6);
  EXPECT_THAT(ReadPickle(TensorV2(storage, 0, {2, 3}, {3, 1})), IsOk());
  EXPECT_THAT(ReadPickle(TensorV2(storage, 5, {4, 1}, {0, 100})), IsOk());
  EXPECT_THAT(ReadPickle(TensorV2(storage, 100, {0, 5}, {5, 1})), IsOk());
  EXPECT_THAT(ReadPickle(TensorV2(storage, 5, {}, {})), IsOk());
  const std::pair<std::string, std::string> kBad[] = {
      {TensorV2(storage, 6, {}, {}), "found one that ends at 28"},
      {TensorV2(storage, 1, {2, 3}, {3, 1}), "found one that ends at 28"},
      {TensorV2(storage, 0, {2, 3}, {4, 1}), "found one that ends at 28"},
      {TensorV2(storage, 0, {2}, {kMax}), "expected a size that fits 64 bits"},
      {TensorV2(storage, 0, {kMax}, {1}), "expected a size that fits 64 bits"},
      {TensorV2(storage, 0, {kMax, kMax}, {0, 0}), "expected a size that fits 64 bits"},
      {TensorV2(storage, kMax, {1}, {1}), "expected a storage offset that fits 64 bits"},
      {TensorV2(storage, kMax / 2, {0}, {1}), "expected a storage offset that fits 64 bits"},
      {TensorV2(storage, -1, {1}, {1}), "expected a storage offset that is not negative, found -1"},
      {TensorV2(storage, 0, {-2}, {1}), "expected sizes that are not negative, found -2"},
      {TensorV2(storage, 0, {0, -2}, {1, 1}), "expected sizes that are not negative, found -2"},
      {TensorV2(storage, 3, {2}, {-1}), "expected strides that are not negative, found -1"},
      {TensorV2(storage, 0, {2, 3}, {1}), "found 2 sizes and 1 strides"},
  };
  for (const auto& [value, message] : kBad) {
    EXPECT_THAT(ReadPickle(value), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(message)));
  }
}

TEST(TorchZipTest, MalformedPersistentIdsAreErrors) {
  const std::string tail = Text("cpu") + Int(6);
  const std::pair<std::string, std::string> kBad[] = {
      {Text("0") + "Q", "persistent id: expected a tuple, found a str"},
      {Tuple({Text("module"), Text("x"), Text("y"), Text("z"), Int(1)}) + "Q", "expected ('storage', class, key,"},
      {Tuple({Text("storage"), Int(1), Text("0"), tail}) + "Q", "expected a storage class, found the int 1"},
      {Tuple({Text("storage"), Global("torch", "FloatTensor"), Text("0"), tail}) + "Q", "found torch.FloatTensor"},
      {Tuple({Text("storage"), Global("torch", "FloatStorage"), Int(0), tail}) + "Q", "expected a str as the key"},
      {Storage("0", -1), "expected a number of elements, found the int -1"},
      {Storage("0", kMax), "expected a size that fits 64 bits"},
  };
  for (const auto& [value, message] : kBad) {
    EXPECT_THAT(ReadPickle(value), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(message)));
  }
}

TEST(TorchZipTest, TheByteOrderIsLittleOrBig) {
  const auto read = [](const std::string& byteorder) {
    return ReadCheckpoint(WriteZip("byteorder.pt", {{"a/data.pkl", Pickled("}")}, {"a/byteorder", byteorder}}));
  };
  EXPECT_THAT(read("little"), IsOk());
  EXPECT_THAT(read("big"), IsOk());
  EXPECT_THAT(read("middle"), StatusIs(absl::StatusCode::kDataLoss,
                                       HasSubstr("member 'a/byteorder', expected 'little' or 'big', found 'middle'")));
  EXPECT_THAT(read(std::string(1000, 'x')), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("found 1000")));
}

TEST(TorchZipTest, PicklesThatExecuteCommandsAreRejected) {
  const std::string marker = WriteFile("marker", "x");
  const std::string command = Reduce("os", "system", {Text("rm " + marker)});
  for (const std::string& pickle :
       {command, command + "0}", Dict({{Text("x"), command}}), "(" + Text("rm " + marker) + "iposix\nsystem\n",
        Reduce("builtins", "eval", {Text("1")}), Reduce("__builtin__", "eval", {Text("1")}),
        Reduce("torch._tensor", "_rebuild_from_type_v2",
               {Global("os", "system"), Global("torch", "Tensor"), Tuple({Text("rm")}), "N"})}) {
    EXPECT_THAT(ReadPickle(pickle),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("member 'archive/data.pkl', offset "), HasSubstr("the pickle calls "))));
  }
  EXPECT_EQ(ReadFile(marker), "x");
  // A function that is a value in the file, and not called, is allowed.
  const absl::StatusOr<Checkpoint> mentioned = ReadPickle(Global("os", "system"));
  ASSERT_THAT(mentioned, IsOk());
  EXPECT_THAT(OpaqueNames(*mentioned), ElementsAre(": os.system"));
}

TEST(TorchZipTest, DamageInThePickleIsFoundByItsChecksum) {
  const std::string pickle = Pickled(Dict({{Text("name"), TensorV2(Storage("0", 6), 0, {6}, {1})}}));
  const std::string path = WriteTorchZip("checksum.pt", pickle, {24});
  std::string bytes = ReadFile(path);
  const std::size_t name = bytes.find("name");
  ASSERT_NE(name, std::string::npos);
  bytes[name] = 'N';
  EXPECT_THAT(
      ReadCheckpoint(WriteFile("checksum.pt", bytes)),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("member 'archive/data.pkl', expected bytes with the CRC-32 ")));
}

TEST(TorchZipTest, ATruncatedFileIsDataLoss) {
  std::string bytes = ReadFile(FixturePath("views.pt"));
  bytes.resize(bytes.size() - 30);
  EXPECT_THAT(ReadCheckpoint(WriteFile("truncated.pt", bytes)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is a damaged zip archive")));
}

// If two members have the same name, different programs read different ones.
TEST(TorchZipTest, RepeatedNamesAreAnError) {
  const std::string path = WriteZip("twice.pt", {{"a/data.pkl", Pickled("}")}, {"a/data.pkk", Pickled("}")}});
  std::string bytes = ReadFile(path);
  for (std::size_t at = bytes.find("data.pkk"); at != std::string::npos; at = bytes.find("data.pkk"))
    bytes[at + 7] = 'l';
  EXPECT_THAT(ReadCheckpoint(WriteFile("twice.pt", bytes)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("member 'a/data.pkl', is in the archive twice")));
}

TEST(TorchZipTest, ImpossibleSizesInTheDirectoryAreErrors) {
  const std::string path = WriteTorchZip("sizes.pt", Pickled(TensorV2(Storage("0", 6), 0, {6}, {1})), {24});
  const std::string bytes = ReadFile(path);
  const std::size_t entry = bytes.rfind("PK\x01\x02");  // That of archive/data/0.
  ASSERT_NE(entry, std::string::npos);
  std::string changed = bytes;
  changed.replace(entry + 24, 4, LittleEndian(1'000'000, 4));
  EXPECT_THAT(
      ReadCheckpoint(WriteFile("sizes.pt", changed)),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is stored without compression, but its two sizes differ")));
  changed.replace(entry + 20, 4, LittleEndian(1'000'000, 4));
  EXPECT_THAT(ReadCheckpoint(WriteFile("sizes.pt", changed)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged zip")));
  changed = bytes;
  changed.replace(entry + 10, 2, LittleEndian(8, 2));  // Deflated.
  changed.replace(entry + 24, 4, LittleEndian(1'000'000'000, 4));
  EXPECT_THAT(ReadCheckpoint(WriteFile("sizes.pt", changed)),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("expected a size that 24 compressed bytes can have, found 1000000000")));
}

// 100 KB that decompress to 100 MB. The limit applies to the memory of the values, since the bytes are not kept.
TEST(TorchZipTest, AZipBombIsAnError) {
  const std::string path =
      WriteZip("bomb.pt", {{"a/data.pkl", "\x80\x02" + std::string(100'000'000, ')') + "."}}, ZipMethod::kDeflated);
  EXPECT_THAT(ReadCheckpoint(path),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("member 'a/data.pkl', offset ")));
}

TEST(TorchZipTest, EncryptedMembersAreUnimplemented) {
  const std::string path = WriteTorchZip("encrypted.pt", Pickled("}"));
  std::string bytes = ReadFile(path);
  bytes[bytes.find("PK\x01\x02") + 8] |= 1;
  EXPECT_THAT(ReadCheckpoint(WriteFile("encrypted.pt", bytes)),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("member 'archive/data.pkl', is encrypted")));
}

TEST(TorchZipTest, OtherCompressionMethodsAreUnimplemented) {
  const std::string path = WriteTorchZip("method.pt", Pickled("}"));
  std::string bytes = ReadFile(path);
  bytes.replace(bytes.find("PK\x01\x02") + 10, 2, LittleEndian(14, 2));  // LZMA.
  bytes.replace(8, 2, LittleEndian(14, 2));
  EXPECT_THAT(ReadCheckpoint(WriteFile("method.pt", bytes)),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("has compression method 14")));
}

}  // namespace
}  // namespace metaconv
