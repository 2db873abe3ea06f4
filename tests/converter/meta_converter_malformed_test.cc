#include <cstdint>
#include <utility>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty_like.h"
#include "ATen/ops/zeros.h"
#include "converter/meta_converter.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/records.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;

MetaTensorDesc Cycle(MetaTensorId outer, MetaTensorId inner) {
  MetaTensorDesc middle = DenseRecord(inner, {1});
  middle.extras.Edit().grad = Share(DenseRecord(outer, {1}));
  MetaTensorDesc desc = DenseRecord(outer, {1});
  desc.extras.Edit().grad = Share(std::move(middle));
  return desc;
}

TEST(MalformedRecordTest, InconsistentFields) {
  MetaConverter converter;
  MetaTensorDesc desc = DenseRecord(3, {2});
  desc.size[0] = -1;
  EXPECT_THAT(converter.MetaTensor(desc),
              StatusIs(kInvalidArgument, Eq("record 3: size: expected no negative value, found -1")));
  desc = DenseRecord(3, {2, 2});
  desc.size = {std::int64_t{1} << 40, std::int64_t{1} << 40};
  desc.stride = SymSizes{std::int64_t{1} << 40, 1};
  EXPECT_FALSE(converter.MetaTensor(desc).ok());
  desc = DenseRecord(3, {2});
  desc.is_conj = true;
  EXPECT_FALSE(converter.MetaTensor(desc).ok());
  desc = DenseRecord(3, {2});
  desc.is_inference = desc.is_view = true;
  EXPECT_FALSE(converter.MetaTensor(desc).ok());
  EXPECT_FALSE(converter.GetTensorMemo(3).defined());
  EXPECT_EQ(converter.hits(), 0);
  EXPECT_EQ(converter.misses(), 0);
}

TEST(MalformedRecordTest, CompressedIndicesOfTooManyBytes) {
  MetaTensorDesc desc = *MetaTensorDescriber().DescribeTensor(at::zeros({2, 3}).to_sparse_csr()).value();
  desc.size[0] = std::int64_t{1} << 60;  // And one more index, of eight bytes each.
  EXPECT_THAT(MetaConverter().MetaTensor(desc),
              StatusIs(kInvalidArgument, HasSubstr("size: expected compressed indices of at most")));
  desc.size[0] = (std::int64_t{1} << 60) - 2;
  EXPECT_THAT(MetaConverter().MetaTensor(desc), IsOk());
}

TEST(MalformedRecordTest, BeyondTheStorageWhereThereIsMemoryBehindIt) {
  const AllocationCallback cpu = [](AllocationMaker make, c10::Device) {
    return at::empty_like(make(), at::device(at::kCPU));
  };
  MetaConverter converter;
  const at::Tensor base = converter.MetaTensor(DenseRecord(2, {2}), cpu).value();
  MetaTensorDesc desc = DenseRecord(3, {2});
  desc.storage = StorageRecord(2, 8);
  desc.storage_offset = 1;
  EXPECT_THAT(converter.MetaTensor(desc, cpu),
              StatusIs(kInvalidArgument, Eq("record 3: storage.size: expected at least 12 bytes, found 8")));
  desc = ViewRecord(3, Share(DenseRecord(2, {2})));
  desc.storage_offset = 1;
  EXPECT_FALSE(converter.MetaTensor(desc, cpu).ok());
}

TEST(MalformedRecordTest, NestedTooDeep) {
  MetaTensorDescPtr desc = Share(DenseRecord(0, {1}));
  for (int id = 1; id <= 2000; ++id) {
    MetaTensorDesc outer = DenseRecord(id, {1});
    outer.extras.Edit().grad = desc;
    desc = Share(std::move(outer));
  }
  MetaConverter converter;
  EXPECT_THAT(converter.MetaTensor(*desc), StatusIs(kInvalidArgument, HasSubstr("nested at most 600 deep")));
}

TEST(MalformedRecordTest, ARecordThatContainsItself) {
  MetaConverter converter;
  const auto is_error =
      StatusIs(kInvalidArgument,
               StartsWith("record 1: expected a conversion that does not depend on its own result, found a request"));
  EXPECT_THAT(converter.MetaTensor(Cycle(1, 2)), is_error);
  EXPECT_THAT(converter.MetaTensor(Cycle(1, 1)), is_error);
  EXPECT_THAT(converter.MetaTensor(DenseRecord(1, {1})), IsOk());
}

}  // namespace
}  // namespace metaconv
