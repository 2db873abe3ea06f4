#include "converter/checkpoint_data.h"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/equal.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/checkpoint_file.h"
#include "converter/compare_with_file.h"
#include "converter/materialize.h"
#include "converter/storage_records.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<MetaTensorDescPtr> RecordsOf(const CheckpointFile& file) {
  std::vector<MetaTensorDescPtr> records;
  for (const NamedTensor& tensor : file.checkpoint().tensors) records.push_back(tensor.desc);
  return records;
}

std::vector<MetaStorageDesc> StoragesOf(const CheckpointFile& file) {
  std::vector<const MetaTensorDesc*> records;
  for (const NamedTensor& tensor : file.checkpoint().tensors) records.push_back(tensor.desc.get());
  return StorageRecords(records, /*elements=*/true).value();
}

absl::StatusOr<std::vector<at::Tensor>> Load(const CheckpointFile& file, bool map = false) {
  return Materialize(RecordsOf(file), at::kCPU, *CheckpointData(file, {.map = map}));
}

// --- Comparison with Python. ---

// Files for which the bytes of the storages, as loaded by Python, are stored in golden files. Storages on the meta
// device have none.
std::vector<std::string> FilesThatPythonLoaded() {
  std::vector<std::string> names;
  for (const std::string& name : FixtureNames()) {
    const std::string golden = absl::StrCat("tests/checkpoint/golden_bytes/", name, ".json");
    if (std::filesystem::exists(golden) && !absl::StrContains(ReadFile(golden), "null")) names.push_back(name);
  }
  return names;
}

class CheckpointDataTest : public ::testing::TestWithParam<std::string> {
 protected:
  // Checks that Python loads the same bytes.
  void ExpectPythonsBytes(bool map) {
    const CheckpointFile file = CheckpointFile::Open(FixturePath(GetParam())).value();
    const std::vector<MetaStorageDesc> descs = StoragesOf(file);
    const absl::StatusOr<std::vector<c10::Storage>> storages =
        CheckpointData(file, {.map = map})->MakeStorages(descs, at::kCPU);
    ASSERT_THAT(storages, IsOk());
    const auto golden = nlohmann::json::parse(ReadFile("tests/checkpoint/golden_bytes/" + GetParam() + ".json"));
    ASSERT_EQ(descs.size(), golden.size());
    for (std::size_t i = 0; i < descs.size(); ++i) {
      const c10::Storage& storage = (*storages)[i];
      EXPECT_EQ(storage.nbytes(), golden[i]["size"].get<std::size_t>());
      EXPECT_EQ(crc32_z(0, static_cast<const Bytef*>(storage.data()), storage.nbytes()),
                golden[i]["crc32"].get<std::uint32_t>())
          << "storage " << i;
    }
    EXPECT_THAT(CompareWithFile(file, descs, *storages), IsOk());
  }
};

TEST_P(CheckpointDataTest, ReadsWhatPythonLoads) { ExpectPythonsBytes(/*map=*/false); }

TEST_P(CheckpointDataTest, MapsWhatPythonLoads) { ExpectPythonsBytes(/*map=*/true); }

INSTANTIATE_TEST_SUITE_P(Fixtures, CheckpointDataTest, ::testing::ValuesIn(FilesThatPythonLoaded()),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

TEST(CheckpointDataOnceTest, ThereAreSuchFiles) { EXPECT_GT(FilesThatPythonLoaded().size(), 20); }

// --- Tensors. ---

TEST(CheckpointDataOnceTest, TiedTensorsShareTheirMemory) {
  const CheckpointFile file = CheckpointFile::Open(FixturePath("tied.pt")).value();
  for (const bool map : {false, true}) {
    const std::vector<at::Tensor> tensors = Load(file, map).value();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      for (std::size_t j = 0; j < tensors.size(); ++j) {
        EXPECT_EQ(tensors[i].is_alias_of(tensors[j]),
                  file.checkpoint().tensors[i].desc->storage->id == file.checkpoint().tensors[j].desc->storage->id);
      }
    }
  }
}

TEST(CheckpointDataOnceTest, SparseTensorsHaveTheirElements) {
  const CheckpointFile file = CheckpointFile::Open(FixturePath("sparse.pt"), {.sparse_parts = true}).value();
  const std::vector<at::Tensor> tensors = Load(file).value();
  std::int64_t elements = 0;
  for (const at::Tensor& tensor : tensors) elements += tensor.layout() == at::kStrided ? 0 : tensor._nnz();
  EXPECT_GT(elements, 0);
}

TEST(CheckpointDataOnceTest, LegacyViewsShareTheStorageOfTheirRoot) {
  const CheckpointFile file = CheckpointFile::Open(FixturePath("bytes_legacy_views.pt")).value();
  const std::vector<MetaStorageDesc> descs = StoragesOf(file);
  const std::vector<c10::Storage> storages = CheckpointData(file)->MakeStorages(descs, at::kCPU).value();
  int within = 0;
  for (const c10::Storage& inner : storages) {
    for (const c10::Storage& outer : storages) {
      const auto* begin = static_cast<const char*>(inner.data());
      const auto* root = static_cast<const char*>(outer.data());
      if (!inner.is_alias_of(outer) && begin >= root && begin + inner.nbytes() <= root + outer.nbytes()) ++within;
    }
  }
  EXPECT_GT(within, 0);
}

TEST(CheckpointDataOnceTest, WritingToMappedTensorsLeavesTheFileAlone) {
  const std::string path = WriteFile("mapped.safetensors", ReadFile(FixturePath("dtypes.safetensors")));
  const std::string before = ReadFile(path);
  {
    const CheckpointFile file = CheckpointFile::Open(path).value();
    const std::vector<at::Tensor> tensors = Load(file, /*map=*/true).value();
    for (const at::Tensor& tensor : tensors) tensor.zero_();
  }
  EXPECT_EQ(ReadFile(path), before);
}

TEST(CheckpointDataOnceTest, TensorsOutliveTheFile) {
  const std::string path = WriteFile("outlived.safetensors", ReadFile(FixturePath("dtypes.safetensors")));
  std::vector<at::Tensor> mapped;
  std::vector<at::Tensor> read;
  {
    const CheckpointFile file = CheckpointFile::Open(path).value();
    mapped = Load(file, /*map=*/true).value();
    read = Load(file).value();
  }
  std::filesystem::remove(path);
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(at::equal(read[i].view(at::kByte), mapped[i].view(at::kByte)), true);
  }
}

// --- Errors. ---

TEST(CheckpointDataOnceTest, AFileThatEndsEarlyNamesTheTensor) {
  const std::string path = WriteFile("shrinks.safetensors", ReadFile(FixturePath("dtypes.safetensors")));
  const CheckpointFile file = CheckpointFile::Open(path).value();
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  EXPECT_THAT(Load(file), StatusIs(absl::StatusCode::kDataLoss, AllOf(HasSubstr("tensor '"), HasSubstr("shrinks"))));
}

TEST(CheckpointDataOnceTest, TensorsOnMetaHaveNoBytes) {
  const CheckpointFile file = CheckpointFile::Open(FixturePath("meta.pt")).value();
  EXPECT_THAT(Load(file), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("meta")));
}

TEST(CheckpointDataOnceTest, RecordsOfAnotherFile) {
  const CheckpointFile file = CheckpointFile::Open(FixturePath("tied.pt")).value();
  const CheckpointFile other = CheckpointFile::Open(FixturePath("module.pt")).value();
  EXPECT_THAT(Materialize(RecordsOf(other), at::kCPU, *CheckpointData(file)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected a storage of this file")));
}

}  // namespace
}  // namespace metaconv
