#include "checkpoint/torch/torch_tar.h"

#include <cstddef>
#include <string>

#include "absl/status/status.h"
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

// Reads the fixture after replacing `piece` by another string of the same length.
absl::StatusOr<Checkpoint> ReadWith(const std::string& piece, const std::string& replacement) {
  std::string bytes = ReadFile(FixturePath("tar.pt"));
  const std::size_t at = bytes.find(piece);
  EXPECT_NE(at, std::string::npos);
  EXPECT_EQ(piece.size(), replacement.size());
  bytes.replace(at, piece.size(), replacement);
  return ReadCheckpoint(WriteFile("tar.pt", bytes));
}

TEST(TorchTarTest, DevicesAreAsRecorded) {
  const absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(FixturePath("tar.pt"));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(Names(*checkpoint), ElementsAre("weight", "index", "view", "again", "parameter"));
  EXPECT_EQ(checkpoint->tensors[1].desc->device, c10::Device(c10::DeviceType::CUDA, 1));
}

TEST(TorchTarTest, SizesHaveToFitTheStorage) {
  const std::string size = LittleEndian(2, 8) + LittleEndian(3, 8);
  EXPECT_THAT(ReadWith(size, LittleEndian(2, 8) + LittleEndian(4, 8)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("member 'tensors', offset ")));
  EXPECT_THAT(ReadWith(size, LittleEndian(2, 8) + std::string(8, '\xff')),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected sizes that are not negative, found -1")));
  const std::string numel = LittleEndian(6, 8) + std::string(24, '\0');
  EXPECT_THAT(ReadWith(numel, std::string(8, '\xff') + std::string(24, '\0')),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("member 'storages', offset ")));
}

TEST(TorchTarTest, ATruncatedFileIsDataLoss) {
  const std::string bytes = ReadFile(FixturePath("tar.pt"));
  EXPECT_THAT(ReadCheckpoint(WriteFile("tar.pt", bytes.substr(0, 3000))),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("member 'storages', is missing")));
  EXPECT_THAT(ReadCheckpoint(WriteFile("tar.pt", bytes.substr(0, bytes.find("storages") + 600))),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("up to the end of the file")));
}

TEST(TorchTarTest, ADamagedHeaderIsFoundByItsChecksum) {
  EXPECT_THAT(ReadWith("storages", "storagez"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected a tar header with a correct checksum")));
}

}  // namespace
}  // namespace metaconv
