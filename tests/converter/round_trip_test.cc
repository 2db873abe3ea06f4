// Real tensors, taken to records and back, of every kind: bit for bit what they were, with the same aliasing.

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
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
using ::testing::IsEmpty;

// Ids are given in the order of description, so that equal ids are equal places in the structure.
Records Describe(const Tensors& tensors) {
  MetaTensorDescriber describer({.copy_data = true});
  Records records;
  for (const at::Tensor& tensor : tensors) records.push_back(describer.DescribeTensor(tensor).value());
  return records;
}

// The bytes of all storages that the records lead to, by id.
std::map<MetaStorageId, std::string> BytesOf(const Records& records) {
  std::vector<const MetaTensorDesc*> pointers;
  for (const MetaTensorDescPtr& record : records) pointers.push_back(record.get());
  std::map<MetaStorageId, std::string> bytes;
  const absl::StatusOr<std::vector<MetaStorageDescPtr>> storages = StorageRecords(pointers, /*elements=*/true);
  EXPECT_THAT(storages, IsOk());
  for (const MetaStorageDescPtr& storage : *storages) {
    const absl::StatusOr<c10::Storage> data = DataOf(*storage);
    EXPECT_THAT(data, IsOk());
    const auto* begin = static_cast<const char*>(data->data());
    bytes[storage->id] = begin == nullptr ? std::string() : std::string(begin, data->nbytes());
  }
  return bytes;
}

void ExpectSameTensors(const Tensors& originals, const Tensors& copies) {
  ASSERT_EQ(originals.size(), copies.size());
  const Records expected = Describe(originals);
  const Records found = Describe(copies);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_THAT(Equal().IgnoreViewFunc().IgnoreProcessLocal().Differences(*expected[i], *found[i]), IsEmpty());
    if (!expected[i]->is_mkldnn) continue;
    EXPECT_TRUE(originals[i].detach().to_dense().equal(copies[i].detach().to_dense()));
  }
  EXPECT_EQ(BytesOf(expected), BytesOf(found));
}

Tensors SourcesOf(const RecipeResult& built) {
  Tensors sources;
  MetaTensorDescriber describer;
  for (const RecipeSource& source : built.sources) {
    // Those on meta have no bytes.
    if (!source.tensor.is_meta() && describer.DescribeTensor(source.tensor).ok()) sources.push_back(source.tensor);
  }
  return sources;
}

TEST(RoundTripTest, RecordsWithTheirDataGiveTheSameTensors) {
  ForEachRecipe([](const auto&, RecipeResult& built) {
    const Tensors sources = SourcesOf(built);
    const Records records = Describe(sources);
    const absl::StatusOr<Tensors> copies = Materialize(records, at::kCPU, *CopiedData());
    ASSERT_THAT(copies, IsOk());
    ExpectSameTensors(sources, *copies);
  });
}

TEST(RoundTripTest, ResultsThatCarryTheirDataGiveTheSameTensors) {
  ForEachRecipe([](const auto&, RecipeResult& built) {
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
    ExpectSameTensors(sources, *copies);
  });
}

}  // namespace
}  // namespace metaconv
