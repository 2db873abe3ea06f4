// Tests that real tensors of every kind, converted to records and back, have the same bytes and the same aliasing.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/strings/match.h"
#include "converter/copy_storage.h"
#include "converter/materialize.h"
#include "converter/meta_converter.h"
#include "converter/storage_records.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/equal.h"
#include "tests/testing/functorch_levels.h"
#include "tests/testing/golden_recipes.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using Tensors = std::vector<at::Tensor>;
using Records = std::vector<MetaTensorDescPtr>;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;

// A tensor reaches beyond the end of its storage, which was shrunk, so there is no memory to copy.
bool IsBeyondStorage(const std::string& name) { return absl::StartsWith(name, "dense/beyond_storage"); }

// A wrapper's own storage has no bytes and is a new storage. The tensors inside a sparse COO tensor, which LibTorch
// creates, are new objects too.
std::vector<std::string> Differences(const MetaTensorDesc& expected, const MetaTensorDesc& found) {
  std::vector<std::string> lines = Equal().IgnoreViewFunc().IgnoreProcessLocal().Differences(expected, found);
  const auto is_new = [&](const std::string& line) {
    return (expected.wrapper().attrs.has_value() && absl::StartsWith(line, "storage.id")) ||
           (expected.is_sparse && (absl::StartsWith(line, "values.id") || absl::StartsWith(line, "indices.id")));
  };
  lines.erase(std::remove_if(lines.begin(), lines.end(), is_new), lines.end());
  return lines;
}

// Ids are assigned in the order of description, so equal ids denote the same position in the structure.
Records Describe(const Tensors& tensors) {
  MetaTensorDescriber describer({.copy_data = true});
  Records records;
  for (const at::Tensor& tensor : tensors) records.push_back(describer.DescribeTensor(tensor).value());
  return records;
}

// The bytes of all storages that the records refer to, by id.
std::map<MetaStorageId, std::string> BytesOf(const Records& records) {
  std::vector<const MetaTensorDesc*> pointers;
  for (const MetaTensorDescPtr& record : records) pointers.push_back(record.get());
  std::map<MetaStorageId, std::string> bytes;
  const absl::StatusOr<std::vector<MetaStorageDesc>> storages = StorageRecords(pointers, /*elements=*/true);
  EXPECT_THAT(storages, IsOk());
  for (const MetaStorageDesc& storage : *storages) {
    const absl::StatusOr<c10::Storage> data = DataOf(storage);
    EXPECT_THAT(data, IsOk());
    const auto* begin = static_cast<const char*>(data->data());
    bytes[storage.id] = begin == nullptr ? std::string() : std::string(begin, data->nbytes());
  }
  return bytes;
}

void ExpectSameTensors(const Tensors& originals, const Tensors& copies) {
  ASSERT_EQ(originals.size(), copies.size());
  const Records expected = Describe(originals);
  const Records found = Describe(copies);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_THAT(Differences(*expected[i], *found[i]), IsEmpty());
    if (!expected[i]->extras->is_mkldnn) continue;
    EXPECT_TRUE(originals[i].detach().to_dense().equal(copies[i].detach().to_dense()));
  }
  // The records have the same ids. Tensors captured by a view function have bytes too, if the view was replayed.
  const std::map<MetaStorageId, std::string> expected_bytes = BytesOf(expected);
  EXPECT_THAT(expected_bytes, IsSupersetOf(BytesOf(found)));
}

Tensors SourcesOf(const RecipeResult& built) {
  Tensors sources;
  MetaConverter converter;
  for (const RecipeSource& source : built.sources) {
    // Storages on the meta device have no bytes.
    if (!source.tensor.is_meta() && converter.Convert(source.tensor).ok()) sources.push_back(source.tensor);
  }
  return sources;
}

TEST(RoundTripTest, RecordsWithDataGiveTheSameTensors) {
  ForEachRecipe([](const auto& recipe, RecipeResult& built) {
    const Tensors sources = SourcesOf(built);
    const Records records = Describe(sources);
    const absl::StatusOr<Tensors> copies = Materialize(records, at::kCPU, *CopiedData());
    if (IsBeyondStorage(recipe.at("name"))) {
      EXPECT_THAT(copies, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage.size: expected at least")));
      return;
    }
    ASSERT_THAT(copies, IsOk());
    ExpectSameTensors(sources, *copies);
  });
}

// A functorch wrapper does not wrap the result of another tensor, and no result is an mkldnn tensor. For these kinds,
// only the bytes are compared.
bool HasOwnStructure(const std::string& name) {
  return absl::StartsWith(name, "functorch/") || absl::StartsWith(name, "functional/") ||
         absl::StartsWith(name, "mkldnn/");
}

// In a result, a functorch wrapper wraps a strided tensor, even if the source wraps an mkldnn tensor or a wrapper type,
// which are then not in the result.
bool WrapsTooLittle(const std::string& name) {
  return name == "functorch/grad_of_mkldnn" || name == "two_tensor/vmap" || name == "two_tensor/grad";
}

std::multiset<std::string> BytesOf(const Tensors& tensors) {
  std::multiset<std::string> all;
  for (at::Tensor tensor : tensors) {
    if (tensor.is_mkldnn()) tensor = tensor.detach().to_dense();
    for (const auto& [id, bytes] : BytesOf(Describe({tensor}))) all.insert(bytes);
  }
  return all;
}

TEST(RoundTripTest, ResultsWithDataGiveTheSameTensors) {
  ForEachRecipe([](const auto& recipe, RecipeResult& built) {
    const std::string name = recipe.at("name");
    if (IsBeyondStorage(name) || WrapsTooLittle(name)) return;
    const Tensors sources = SourcesOf(built);
    MetaConverter converter({.describer = {.copy_data = true}});
    Tensors results;
    for (const at::Tensor& source : sources) {
      absl::StatusOr<at::Tensor> result = converter.Convert(source);
      ASSERT_THAT(result, IsOk());
      results.push_back(*std::move(result));
    }
    const absl::StatusOr<Tensors> copies = MaterializeTensors(results, at::kCPU, *CopiedData());
    ASSERT_THAT(copies, IsOk());
    if (HasOwnStructure(name)) {
      EXPECT_EQ(BytesOf(sources), BytesOf(*copies));
    } else {
      ExpectSameTensors(sources, *copies);
    }
  });
}

}  // namespace
}  // namespace metaconv
