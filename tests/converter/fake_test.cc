// Tests MetaConverter::Options::fake: results are LibTorch's native fake tensors.

#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/ones.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/meta_tensor_desc.h"
#include "tests/testing/kind_samples.h"
#include "tests/testing/records.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

bool IsFake(const at::Tensor& tensor) { return tensor.unsafeGetTensorImpl()->is_fake(); }

// The same record with every device replaced.
MetaTensorDescPtr On(c10::Device device, const MetaTensorDescPtr& record) {
  if (record == nullptr) return nullptr;
  MetaTensorDesc moved = *record;
  moved.device = device;
  for (MetaTensorDescPtr* part : {&moved.base, &moved.grad, &moved.unwrapped, &moved.crow_indices, &moved.col_indices,
                                  &moved.ccol_indices, &moved.row_indices, &moved.values}) {
    *part = On(device, *part);
  }
  if (moved.attrs.has_value()) {
    for (auto& [name, inner] : *moved.attrs) inner = On(device, inner);
  }
  return Share(std::move(moved));
}

void ExpectAsRecorded(const at::Tensor& result, const MetaTensorDesc& desc, c10::Device device) {
  EXPECT_EQ(result.device(), device);
  if (!desc.is_mkldnn) {
    EXPECT_EQ(result.layout(), desc.layout);
  }
  EXPECT_EQ(result.is_leaf(), desc.is_leaf);
  EXPECT_EQ(result.requires_grad(), desc.requires_grad);
  EXPECT_EQ(result.is_view(), desc.is_view);
  if (desc.grad != nullptr) {
    ASSERT_TRUE(result.grad().defined());
    ExpectAsRecorded(result.grad(), *desc.grad, device);
  }
  if (desc.attrs.has_value()) {
    const TwoTensorParts parts = PartsOf(result);
    ExpectAsRecorded(parts.a, *(*desc.attrs)[0].second, device);
    ExpectAsRecorded(parts.b, *(*desc.attrs)[1].second, device);
  } else if (desc.unwrapped == nullptr) {
    EXPECT_TRUE(IsFake(result));
  }
}

class FakeTest : public ::testing::TestWithParam<KindSample> {};

TEST_P(FakeTest, ReportsTheRecordedDevice) {
  const MadeSample sample = GetParam().make();
  for (const char* name : {"cpu", "cuda:0", "cuda:1", "cuda"}) {
    SCOPED_TRACE(name);
    const c10::Device recorded(name);
    const c10::Device expected = std::string(name) == "cuda" ? c10::Device("cuda:0") : recorded;
    const MetaTensorDescPtr record = On(recorded, sample.record);
    MetaConverter converter({.fake = true});
    const absl::StatusOr<at::Tensor> result = converter.MetaTensor(*record);
    ASSERT_THAT(result, IsOk());
    ExpectAsRecorded(*result, *record, expected);
    EXPECT_TRUE(converter.MetaTensor(*record).value().is_same(*result));
  }
}

TEST_P(FakeTest, AViewSharesWithItsBase) {
  const MadeSample sample = GetParam().make();
  if (!sample.record->is_view) return;
  MetaConverter converter({.fake = true});
  const at::Tensor view = converter.MetaTensor(*On(c10::Device("cuda:1"), sample.record)).value();
  const at::Tensor base(view._base());
  EXPECT_TRUE(IsFake(base));
  EXPECT_EQ(base.device(), c10::Device("cuda:1"));
  EXPECT_TRUE(converter.GetTensorMemo(sample.record->base->id).is_same(base));
  EXPECT_EQ(view.unsafeGetTensorImpl()->storage().unsafeGetStorageImpl(),
            base.unsafeGetTensorImpl()->storage().unsafeGetStorageImpl());
  const auto version = view._version();
  base.unsafeGetTensorImpl()->bump_version();
  EXPECT_EQ(view._version(), version + 1);
}

TEST_P(FakeTest, IsDescribedLikeItsSource) {
  if (GetParam().needs_levels) return;
  const MadeSample sample = GetParam().make();
  MetaConverter converter({.fake = true});
  const at::Tensor result = converter.MetaTensor(*On(c10::Device("cuda:1"), sample.record)).value();
  MetaTensorDescriber describer;
  const absl::StatusOr<MetaTensorDescPtr> record = describer.DescribeTensor(result);
  ASSERT_THAT(record, IsOk());
  EXPECT_EQ((*record)->device, c10::Device("cuda:1"));
  EXPECT_EQ((*record)->is_view, sample.record->is_view);
  EXPECT_EQ((*record)->fake_mode != nullptr, !sample.record->attrs.has_value());
  // The records of fake results convert again.
  const absl::StatusOr<at::Tensor> again = MetaConverter({.fake = true}).MetaTensor(**record);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->device(), c10::Device("cuda:1"));
}

// LibTorch has no operators for fake tensors.
std::vector<KindSample> SamplesWithoutOperators() {
  std::vector<KindSample> samples = KindSamples();
  std::erase_if(samples, [](const KindSample& sample) { return sample.needs_operators; });
  return samples;
}

INSTANTIATE_TEST_SUITE_P(Kinds, FakeTest, ::testing::ValuesIn(SamplesWithoutOperators()));

TEST(FakeOffTest, ResultsAreMetaTensors) {
  MetaConverter converter;
  EXPECT_FALSE(IsFake(converter.Convert(at::ones({2})).value()));
}

TEST(FakeOffTest, AFakeSourceGivesAMetaTensor) {
  MetaConverter fake({.fake = true});
  const at::Tensor source = fake.Convert(at::ones({2})).value();
  ASSERT_TRUE(IsFake(source));
  MetaConverter converter;
  const at::Tensor result = converter.Convert(source).value();
  EXPECT_FALSE(IsFake(result));
  EXPECT_EQ(result.device(), c10::Device("meta"));
}

// The conversion returns an error rather than a different tensor.
TEST(FakeWrapperTest, AViewThatRequiresAnOperatorIsAnError) {
  const at::Tensor two = TwoTensor(at::ones({2, 3}), at::ones({2, 3}));
  MetaConverter converter({.fake = true});
  EXPECT_FALSE(converter.Convert(two.t()).ok());
  EXPECT_THAT(converter.Convert(two), IsOk());
}

}  // namespace
}  // namespace metaconv
