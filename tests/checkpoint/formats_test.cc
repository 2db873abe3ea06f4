#include "checkpoint/formats.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/file_probe.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// The names of the formats that recognize a file, in the order of the table.
std::vector<std::string_view> Recognizing(const std::string& path) {
  std::vector<std::string_view> names;
  const absl::StatusOr<FileProbe> probe = FileProbe::Open(path);
  EXPECT_THAT(probe, IsOk());
  if (!probe.ok()) return names;
  for (const FormatReader& reader : Formats()) {
    if (reader.recognizes(*probe)) names.push_back(reader.format.name);
  }
  return names;
}

TEST(FormatsTest, NamesAreNotEmptyAndDistinct) {
  std::set<std::string_view> names;
  for (const FormatReader& reader : Formats()) {
    EXPECT_THAT(reader.format.name, Not(IsEmpty()));
    EXPECT_TRUE(names.insert(reader.format.name).second) << reader.format.name;
  }
}

TEST(FormatsTest, TorchScriptIsTriedBeforeTorchSave) {
  EXPECT_THAT(Recognizing(FixturePath("scripted.pt")), ElementsAre("torch.jit.save", "torch.save"));
}

TEST(FormatsTest, OtherFilesAreRecognizedByOneFormat) {
  for (const std::string& name : FixtureNames()) {
    const std::vector<std::string_view> names = Recognizing(FixturePath(name));
    if (!names.empty() && names[0] == CheckpointFormat::kTorchScript.name) continue;
    EXPECT_THAT(names, SizeIs(1)) << name;
  }
}

TEST(FormatsTest, TheReaderOfTheTableGivesTheFormatOfTheCheckpoint) {
  const absl::StatusOr<FileProbe> probe = FileProbe::Open(FixturePath("tar.pt"));
  ASSERT_THAT(probe, IsOk());
  const absl::StatusOr<Checkpoint> checkpoint = ReadProbe(*probe, {});
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(checkpoint->format.name, "torch.save before PyTorch 0.1.10");
}

}  // namespace
}  // namespace metaconv
