#include "checkpoint/torch/torch_legacy.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

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

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
const std::string kMagic = Pickled("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");

std::string Storage(const std::string& key, std::int64_t numel, const std::string& view = "N") {
  return Tuple({Text("storage"), Global("torch", "FloatStorage"), Text(key), Text("cpu"), Int(numel), view}) + "Q";
}

std::string View(const std::string& key, std::int64_t offset, std::int64_t numel) {
  return Tuple({Text(key), Int(offset), Int(numel)});
}

std::string Data(std::uint64_t numel) { return LittleEndian(numel, 8) + std::string(numel * 4, '\0'); }

absl::StatusOr<Checkpoint> Read(const std::string& value, const std::string& keys, const std::string& data,
                                const std::string& version = Int(1001)) {
  return ReadCheckpoint(
      WriteFile("legacy.pt", kMagic + Pickled(version) + Pickled("}") + Pickled(value) + Pickled(keys) + data));
}

TEST(TorchLegacyTest, StoragesFollowInTheOrderOfTheKeys) {
  const std::string value = Dict(
      {{Text("a"), TensorV2(Storage("x", 6), 0, {2, 3}, {3, 1})}, {Text("b"), TensorV2(Storage("y", 2), 1, {1}, {1})}});
  const absl::StatusOr<Checkpoint> checkpoint = Read(value, List({Text("y"), Text("x")}), Data(2) + Data(6));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("a", "b"));
  EXPECT_THAT(Read(value, List({Text("x"), Text("y")}), Data(2) + Data(6)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected a storage of 6 elements, found one of 2")));
}

TEST(TorchLegacyTest, ModulesHaveTheirSourceCode) {
  const std::string module =
      Tuple({Text("module"), Global("gone", "Net"), Text("net.py"), Text("class Net: pass")}) + "Q";
  const absl::StatusOr<Checkpoint> checkpoint = Read(
      module + ")\x81" + Dict({{Text("w"), TensorV2(Storage("x", 6), 0, {6}, {1})}}) + "b", List({Text("x")}), Data(6));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("w"));
  EXPECT_THAT(OpaqueNames(*checkpoint), ElementsAre(": gone.Net"));
}

TEST(TorchLegacyTest, InconsistentFilesAreDataLoss) {
  const std::string tensor = TensorV2(Storage("x", 6), 0, {6}, {1});
  const std::string keys = List({Text("x")});
  const std::pair<absl::StatusOr<Checkpoint>, std::string> kBad[] = {
      {Read(tensor, keys, Data(6), Int(1000)), "expected protocol version 1001, found the int 1000"},
      {Read(tensor, keys, ""), "expected a storage, found the end of the file"},
      {Read(tensor, keys, LittleEndian(6, 8) + "1234"),
       "expected a storage of 24 bytes, found 4 up to the end of the file"},
      {Read(tensor, "]", Data(6)), "expected data for this storage, found none in the file"},
      {Read(tensor, List({Text("y")}), Data(6)), "expected the key of a storage, found 'y'"},
      {Read(tensor, List({Text("x"), Text("x")}), Data(6)),
       "expected the key of a storage that is not a view, and each key once, found 'x'"},
      {Read(TensorV2(Storage("x", 6, View("v", 4, 2)), 0, {2}, {1}), List({Text("v")}), Data(2)),
       "expected the key of a storage that is not a view, and each key once, found 'v'"},
      {Read(tensor, List({Int(1)}), Data(6)), "expected the key of a storage, found '1'"},
      {Read(tensor, Text("x"), Data(6)), "expected a list of storage keys, found a str"},
      {Read(Storage("x", 6, View("v", 4, 3)), keys, Data(6)), "inside its storage, found offset 4 and size 3"},
      {Read(Storage("x", 6, View("v", -1, 3)), keys, Data(6)), "found offset -1 and size 3"},
      {Read(Storage("x", 6, View("v", kMax, kMax)), keys, Data(6)), "inside its storage, found offset"},
      {Read(Storage("x", 6, View("v", 4, -3)), keys, Data(6)), "found offset 4 and size -3"},
      {Read(Storage("x", 6, Text("v")), keys, Data(6)), "inside its storage, found a str"},
      {Read(TensorV2(Storage("x", 6, View("v", 4, 2)), 0, {3}, {1}), keys, Data(6)), "its storage of 8 bytes"},
      {ReadCheckpoint(WriteFile("legacy.pt", kMagic)), "expected 1 more bytes, found 0"},
  };
  for (const auto& [result, message] : kBad) {
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kDataLoss, HasSubstr(message)));
  }
}

// No memory is allocated for storages, whatever size the pickle gives them.
TEST(TorchLegacyTest, AStorageLargerThanTheFileTakesNoMemory) {
  EXPECT_THAT(Read(TensorV2(Storage("x", kMax / 8), 0, {6}, {1}), List({Text("x")}), LittleEndian(kMax / 8, 8)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("up to the end of the file")));
}

}  // namespace
}  // namespace metaconv
