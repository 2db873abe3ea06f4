#include "converter/storage_records.h"

#include <memory>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/zeros.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<MetaStorageId> Ids(const absl::StatusOr<std::vector<MetaStorageDesc>>& records) {
  std::vector<MetaStorageId> ids;
  for (const MetaStorageDesc& record : records.value()) ids.push_back(record.id);
  return ids;
}

class StorageRecordsTest : public ::testing::Test {
 protected:
  MetaTensorDescPtr Describe(const at::Tensor& tensor) { return describer_.DescribeTensor(tensor).value(); }

  MetaTensorDescriber describer_{{.copy_data = true}};
};

TEST_F(StorageRecordsTest, EachStorageOnceInOrder) {
  const at::Tensor leaf = at::ones({4}).set_requires_grad(true);
  leaf.mutable_grad() = at::ones({4});
  const MetaTensorDescPtr plain = Describe(at::ones({2}));     // Storage 0.
  const MetaTensorDescPtr view = Describe(leaf.view({2, 2}));  // Storage 1, and storage 2 for the gradient.
  EXPECT_THAT(Ids(StorageRecords({view.get(), plain.get(), view.get()}, true)), ElementsAre(0, 1, 2));
  EXPECT_THAT(Ids(StorageRecords({}, true)), IsEmpty());
}

TEST_F(StorageRecordsTest, ElementsOfSparseTensorsIfRequested) {
  const MetaTensorDescPtr coo = Describe(at::eye(3).to_sparse());
  EXPECT_THAT(Ids(StorageRecords({coo.get()}, true)), ElementsAre(0, 1));
  EXPECT_THAT(Ids(StorageRecords({coo.get()}, false)), IsEmpty());
}

TEST_F(StorageRecordsTest, StoragesAreOnTheDeviceOfTheRecordsThatNeedThem) {
  const c10::Device cpu(c10::kCPU), cuda(c10::kCUDA, 1);
  const at::Tensor base = at::zeros({4});
  const MetaTensorDescPtr plain = Describe(at::ones({2}));     // Storage 0.
  const MetaTensorDescPtr view = Describe(base.view({2, 2}));  // Storage 1, of a base that is not requested.
  const MetaTensorDescPtr other = Describe(base.slice(0, 1));
  const auto placed = PlacedStorageRecords({view.get(), plain.get(), other.get()}, {cuda, cpu, cuda}, true).value();
  ASSERT_EQ(placed.size(), 2);
  EXPECT_EQ(placed[0].desc.id, 0);
  EXPECT_EQ(placed[0].device, cpu);
  EXPECT_EQ(placed[1].device, cuda);
  EXPECT_THAT(PlacedStorageRecords({view.get(), plain.get(), other.get()}, {cuda, cpu, cpu}, true),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("storage 1"), HasSubstr("cuda:1"), HasSubstr("cpu"))));
}

TEST_F(StorageRecordsTest, InconsistentRecords) {
  const MetaTensorDescPtr record = Describe(at::ones({2}));
  MetaTensorDesc other = *record;
  other.storage = MetaStorageDesc{.id = 0, .size = 9};
  EXPECT_THAT(StorageRecords({record.get(), &other}, true),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected 8 as in another record, found 9")));
}

}  // namespace
}  // namespace metaconv
