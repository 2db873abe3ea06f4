#include "checkpoint/mcr/record_file.h"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/checkpoint_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/equal.h"
#include "tests/meta/binary/sample_model.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string TestPath(const std::string& name) { return ::testing::TempDir() + "/" + name; }

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void ExpectSample(const std::vector<NamedTensor>& found) {
  const std::vector<NamedTensor> expected = SampleModel();
  ASSERT_THAT(found, SizeIs(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(found[i].name, expected[i].name);
    EXPECT_THAT(Equal().Differences(*found[i].desc, *expected[i].desc), IsEmpty());
  }
}

TEST(RecordFileTest, WritesAndReads) {
  const std::string path = TestPath("sample.mcr");
  ASSERT_THAT(WriteRecords(path, SampleModel(), {{"optimizer", "torch.optim.Adam"}}, 3), IsOk());
  const absl::StatusOr<RecordModel> model = ReadRecords(path);
  ASSERT_THAT(model, IsOk());
  ExpectSample(model->tensors);
  EXPECT_EQ(model->describer_id, 3);
  EXPECT_EQ(model->opaque.at(0).type, "torch.optim.Adam");
}

TEST(RecordFileTest, IsACheckpoint) {
  const std::string path = TestPath("checkpoint.mcr");
  ASSERT_THAT(WriteRecords(path, SampleModel(), {{"optimizer", "torch.optim.Adam"}}), IsOk());
  const absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(path);
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(checkpoint->format, CheckpointFormat::kRecords);
  ExpectSample(checkpoint->tensors);
  EXPECT_EQ(checkpoint->opaque.at(0).name, "optimizer");
  const absl::StatusOr<Checkpoint> mapped = ReadCheckpoint(path, {.map_location = c10::Device("meta")});
  EXPECT_EQ(mapped->tensors.at(0).desc->device, c10::Device("meta"));
}

TEST(RecordFileTest, HasNoBytesToLoad) {
  const std::string path = TestPath("no_bytes.mcr");
  ASSERT_THAT(WriteRecords(path, SampleModel()), IsOk());
  EXPECT_THAT(CheckpointFile::Open(path), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                   HasSubstr("no_bytes.mcr: expected a checkpoint, found a")));
}

TEST(RecordFileTest, ErrorsNameTheFile) {
  EXPECT_THAT(ReadRecords(TestPath("missing.mcr")), StatusIs(absl::StatusCode::kNotFound, HasSubstr("missing.mcr: ")));
  const std::string path = TestPath("damaged.mcr");
  for (const char* content : {"", "not records"}) {
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_THAT(ReadRecords(path), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged.mcr: offset 0: ")));
  }
  EXPECT_THAT(WriteRecords(TestPath("missing/a.mcr"), SampleModel()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("missing/a.mcr: cannot write: ")));
}

TEST(RecordFileTest, AFileIsReplacedCompletelyOrNotAtAll) {
  const std::string path = TestPath("replaced.mcr");
  ASSERT_THAT(WriteRecords(path, SampleModel()), IsOk());
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  const std::string before = ContentOf(path);
  EXPECT_FALSE(WriteRecords(path, {{"a", nullptr}}).ok());
  EXPECT_EQ(ContentOf(path), before);
  ASSERT_THAT(WriteRecords(path, {}), IsOk());
  EXPECT_NE(ContentOf(path), before);
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640) << "the permissions are kept";
  for (const auto& entry : std::filesystem::directory_iterator(::testing::TempDir())) {
    EXPECT_THAT(entry.path().string(), Not(HasSubstr("replaced.mcr."))) << "a temporary file was left";
  }
}

TEST(RecordFileTest, ANewFileHasTheUsualPermissions) {
  const std::string path = TestPath("new.mcr");
  const std::string usual = TestPath("usual.mcr");
  std::filesystem::remove(path);
  std::filesystem::remove(usual);
  std::ofstream(usual, std::ios::binary) << "";
  ASSERT_THAT(WriteRecords(path, SampleModel()), IsOk());
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::status(usual).permissions());
}

TEST(RecordFileTest, ASymbolicLinkToAMissingFileIsFollowed) {
  const std::string target = TestPath("target.mcr");
  const std::string link = TestPath("link.mcr");
  std::filesystem::remove(target);
  std::filesystem::remove(link);
  std::filesystem::create_symlink("target.mcr", link);
  ASSERT_THAT(WriteRecords(link, SampleModel()), IsOk());
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_TRUE(std::filesystem::is_regular_file(target));
  std::filesystem::remove(link);
  std::filesystem::create_symlink("link.mcr", link);
  EXPECT_THAT(WriteRecords(link, SampleModel()), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cannot write: ")));
}

// The file has no pages behind its header. Reading them all would take minutes.
TEST(RecordFileTest, AHeaderIsCheckedBeforeTheFileIsRead) {
  const std::string path = TestPath("sparse.mcr");
  ASSERT_THAT(WriteRecords(path, SampleModel()), IsOk());
  std::filesystem::resize_file(path, std::uintmax_t{1} << 38);
  EXPECT_THAT(ReadRecords(path), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("sparse.mcr: offset 16: expected a")));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace metaconv
