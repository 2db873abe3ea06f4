#include "meta/equal.h"

#include <memory>
#include <string>
#include <utility>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/records.h"
#include "tests/testing/symbolic_int.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NamedViewFunc : public ViewFunc {
 public:
  explicit NamedViewFunc(std::string name) : name_(std::move(name)) {}
  std::string Name() const override { return name_; }
  absl::StatusOr<at::Tensor> Apply(const MetaTensorDesc&, const at::Tensor&, const SymIntVisitor&,
                                   const TensorVisitor&) const override {
    return absl::UnimplementedError("not here");
  }

 private:
  const std::string name_;
};

class Mode : public OpaqueValue {
 public:
  explicit Mode(std::string repr) : repr_(std::move(repr)) {}
  std::string Repr() const override { return repr_; }

 private:
  const std::string repr_;
};

TEST(EqualTest, SameFieldsInDifferentObjects) {
  EXPECT_EQ(DenseRecord(1, {2, 3}), DenseRecord(1, {2, 3}));
  EXPECT_NE(DenseRecord(1, {2, 3}), DenseRecord(1, {3, 2}));
  EXPECT_EQ(StorageRecord(1, 8), StorageRecord(1, 8));
  EXPECT_NE(StorageRecord(1, 8), StorageRecord(2, 8));
  EXPECT_NE(StorageRecord(1, 8), StorageRecord(1, 9));
}

TEST(EqualTest, DifferencesNameEachFieldWithItsPath) {
  MetaTensorDesc a = ViewRecord(1, Share(DenseRecord(2, {4})));
  MetaTensorDesc b = ViewRecord(1, Share(DenseRecord(2, {8})));
  b.size = a.size;
  b.dtype = c10::kDouble;
  a.extras.Edit().grad = Share(DenseRecord(5, {1}));
  EXPECT_THAT(Equal().Differences(a, b),
              ElementsAre("dtype: \"torch.float32\" vs \"torch.float64\"", "storage.size: 16 vs 32",
                          "base.size: [4] vs [8]", "base.storage.size: 16 vs 32", "grad: \"present\" vs \"absent\""));
  EXPECT_THAT(Equal().Differences(a, a), IsEmpty());
}

TEST(EqualTest, IgnoreIds) {
  const MetaTensorDesc a = ViewRecord(1, Share(DenseRecord(2, {4})));
  const MetaTensorDesc b = ViewRecord(7, Share(DenseRecord(8, {4})));
  EXPECT_THAT(Equal().Differences(a, b),
              ElementsAre("id: 1 vs 7", "storage.id: 2 vs 8", "base.id: 2 vs 8", "base.storage.id: 2 vs 8"));
  EXPECT_TRUE(Equal().IgnoreIds()(a, b));
  EXPECT_TRUE(Equal().IgnoreIds()(StorageRecord(1, 4), StorageRecord(2, 4)));
}

TEST(EqualTest, IgnoreDevice) {
  const MetaTensorDesc a = DenseRecord(1, {2});
  MetaTensorDesc b = a;
  b.device = c10::Device("cuda:0");
  EXPECT_FALSE(Equal()(a, b));
  EXPECT_TRUE(Equal().IgnoreDevice()(a, b));
  b.dtype = c10::kHalf;
  EXPECT_FALSE(Equal().IgnoreDevice()(a, b));
}

TEST(EqualTest, IgnoreViewFunc) {
  MetaTensorDesc a = DenseRecord(1, {2});
  MetaTensorDesc b = a;
  a.extras.Edit().view_func = std::make_shared<NamedViewFunc>("as_strided");
  b.extras.Edit().view_func = std::make_shared<NamedViewFunc>("as_strided");
  EXPECT_TRUE(Equal()(a, b));
  b.extras.Edit().view_func = std::make_shared<NamedViewFunc>("ViewAsRealViewFunc");
  EXPECT_FALSE(Equal()(a, b));
  b.extras.Edit().view_func = nullptr;
  EXPECT_FALSE(Equal()(a, b));
  EXPECT_TRUE(Equal().IgnoreViewFunc()(a, b));
}

TEST(EqualTest, IgnoreProcessLocal) {
  MetaTensorDesc a = DenseRecord(1, {2});
  MetaTensorDesc b = a;
  a.extras.Edit().fake_mode = std::make_shared<Mode>("FakeTensorMode at 1");
  b.extras.Edit().fake_mode = std::make_shared<Mode>("FakeTensorMode at 2");
  EXPECT_FALSE(Equal()(a, b));
  EXPECT_TRUE(Equal().IgnoreProcessLocal()(a, b));
  MetaStorageDesc with_data = StorageRecord(1, 8);
  with_data.data =
      c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(), 0, c10::DataPtr(), nullptr, false);
  EXPECT_FALSE(Equal()(with_data, StorageRecord(1, 8)));
  EXPECT_TRUE(Equal().IgnoreProcessLocal()(with_data, StorageRecord(1, 8)));
}

TEST(EqualTest, OpaqueValuesAndAttrsCompareByValue) {
  MetaTensorDesc a = DenseRecord(1, {2});
  MetaTensorDesc b = a;
  a.edit_wrapper().ctx = std::make_shared<Mode>("ctx");
  b.edit_wrapper().ctx = std::make_shared<Mode>("ctx");
  a.edit_wrapper().attrs = Attr("inner", Share(DenseRecord(2, {1})));
  b.edit_wrapper().attrs = Attr("inner", Share(DenseRecord(2, {1})));
  a.edit_wrapper().opaque_attrs = {{"mode", std::make_shared<Mode>("m")}};
  b.edit_wrapper().opaque_attrs = {{"mode", std::make_shared<Mode>("m")}};
  EXPECT_THAT(Equal().Differences(a, b), IsEmpty());
  b.edit_wrapper().attrs = Attr("inner", Share(DenseRecord(2, {5})));
  EXPECT_THAT(Equal().Differences(a, b), ElementsAre("inner.size: [1] vs [5]", "inner.storage.size: 4 vs 20"));
  b.edit_wrapper().attrs = Attr("outer", Share(DenseRecord(2, {1})));
  EXPECT_THAT(Equal().Differences(a, b), ElementsAre("attrs: [\"inner\"] vs [\"outer\"]"));
}

TEST(EqualTest, SymbolicIntegersAreNeverGuardedOn) {
  MetaTensorDesc a = DenseRecord(1, {2, 3});
  MetaTensorDesc b = a;
  a.size[0] = b.size[0] = MakeSymbolicInt("s0");
  EXPECT_TRUE(Equal()(a, b));
  b.size[0] = MakeSymbolicInt("s0");
  EXPECT_THAT(Equal().Differences(a, b), ElementsAre("size: [\"s0\",3] vs [\"s0\",3]"));
  b.size[0] = 2;
  EXPECT_FALSE(Equal()(a, b));
}

// 60 records, each of which is the base and the gradient of the next, so there are 2^60 paths from the last to the
// first.
MetaTensorDescPtr Diamonds() {
  MetaTensorDescPtr desc = Share(DenseRecord(0, {2}));
  for (int id = 1; id <= 60; ++id) {
    MetaTensorDesc next = ViewRecord(id, desc);
    next.extras.Edit().grad = desc;
    desc = Share(std::move(next));
  }
  return desc;
}

TEST(EqualTest, SharedPartsAreComparedOnce) {
  const MetaTensorDescPtr a = Diamonds();
  const MetaTensorDescPtr b = Diamonds();
  EXPECT_TRUE(Equal()(*a, *b));
  EXPECT_THAT(Equal().Differences(*a, *b), IsEmpty());
}

}  // namespace
}  // namespace metaconv
