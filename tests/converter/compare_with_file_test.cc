#include "converter/compare_with_file.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/strings/str_cat.h"
#include "converter/checkpoint_data.h"
#include "converter/storage_records.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CompareWithFileTest : public ::testing::Test {
 protected:
  void Load(const std::string& path) {
    file_.emplace(CheckpointFile::Open(path).value());
    std::vector<const MetaTensorDesc*> records;
    for (const NamedTensor& tensor : file_->checkpoint().tensors) records.push_back(tensor.desc.get());
    descs_ = StorageRecords(records, /*elements=*/true).value();
    storages_ = CheckpointData(*file_)->MakeStorages(descs_, at::kCPU).value();
  }
  absl::Status Compare() const { return CompareWithFile(*file_, descs_, storages_); }

  std::optional<CheckpointFile> file_;
  std::vector<MetaStorageDesc> descs_;
  std::vector<c10::Storage> storages_;
};

TEST_F(CompareWithFileTest, EveryByteIsCompared) {
  for (const char* name : {"bytes.pt", "bytes_deflated_big_endian.pt", "dtypes.safetensors"}) {
    Load(FixturePath(name));
    ASSERT_THAT(Compare(), IsOk()) << name;
    for (std::size_t i = 0; i < storages_.size(); ++i) {
      auto* bytes = static_cast<char*>(storages_[i].mutable_data());
      for (std::size_t j = 0; j < storages_[i].nbytes(); ++j) {
        bytes[j] = static_cast<char>(bytes[j] ^ 1);
        ASSERT_THAT(Compare(), StatusIs(absl::StatusCode::kDataLoss,
                                        AllOf(HasSubstr(name),
                                              HasSubstr(absl::StrCat("storage ", i, ", byte ", j, ": expected")))));
        bytes[j] = static_cast<char>(bytes[j] ^ 1);
      }
    }
  }
}

TEST_F(CompareWithFileTest, AChecksumThatDiffers) {
  std::string content = ReadFile(FixturePath("bytes.pt"));
  Load(FixturePath("bytes.pt"));
  // The file was damaged before it was loaded: the bytes match, the checksum does not.
  const std::size_t offset = file_->checkpoint().storages[0].offset;
  content[offset] = static_cast<char>(content[offset] ^ 1);
  Load(WriteFile("damaged.pt", content));
  EXPECT_THAT(Compare(), StatusIs(absl::StatusCode::kDataLoss, AllOf(HasSubstr("damaged.pt"), HasSubstr("CRC"))));
}

}  // namespace
}  // namespace metaconv
