// Tests results that are native fake tensors of LibTorch: with MetaConverter::Options::fake, and from an allocation
// callback.

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/empty_like.h"
#include "ATen/ops/ones.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/meta_tensor_desc.h"
#include "meta/meta_tensor_desc_fields.h"
#include "tests/testing/kind_samples.h"
#include "tests/testing/records.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

c10::Device Cuda1() { return c10::Device("cuda:1"); }

bool IsFake(const at::Tensor& tensor) { return tensor.unsafeGetTensorImpl()->is_fake(); }

bool SameStorage(const at::Tensor& a, const at::Tensor& b) {
  return a.storage().unsafeGetStorageImpl() == b.storage().unsafeGetStorageImpl();
}

// The same record with every device replaced.
MetaTensorDescPtr On(c10::Device device, const MetaTensorDescPtr& record) {
  if (record == nullptr) return nullptr;
  MetaTensorDesc moved = *record;
  moved.device = device;
  ForEachField([&](const FieldInfo&, auto field) {
    if constexpr (std::is_same_v<decltype(field(*record)), const MetaTensorDescPtr&>) {
      if (field(*record) != nullptr) field(moved) = On(device, field(*record));
    }
  });
  if (moved.wrapper().attrs.has_value()) {
    for (auto& [name, inner] : *moved.edit_wrapper().attrs) inner = On(device, inner);
  }
  return Share(std::move(moved));
}

void ExpectAsRecorded(const at::Tensor& result, const MetaTensorDesc& desc, c10::Device device) {
  EXPECT_EQ(result.device(), device);
  if (!desc.extras->is_mkldnn) {
    EXPECT_EQ(result.layout(), desc.layout);
  }
  EXPECT_EQ(result.is_leaf(), desc.is_leaf);
  EXPECT_EQ(result.requires_grad(), desc.requires_grad);
  EXPECT_EQ(result.is_view(), desc.is_view);
  if (desc.grad() != nullptr) {
    ASSERT_TRUE(result.grad().defined());
    ExpectAsRecorded(result.grad(), *desc.grad(), device);
  }
  if (desc.wrapper().attrs.has_value()) {
    const TwoTensorParts parts = PartsOf(result);
    ExpectAsRecorded(parts.a, *(*desc.wrapper().attrs)[0].second, device);
    ExpectAsRecorded(parts.b, *(*desc.wrapper().attrs)[1].second, device);
  } else if (desc.functorch().unwrapped == nullptr) {
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
  EXPECT_EQ((*record)->extras->fake_mode != nullptr, !sample.record->wrapper().attrs.has_value());
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

// --- Fake tensors from an allocation callback. ---

// The tensor reports another device than its storage, which is on meta.
at::Tensor FakeOnCuda1(AllocationMaker make, c10::Device) {
  at::Tensor tensor = make();
  tensor.unsafeGetTensorImpl()->set_fake_device(Cuda1());
  return tensor;
}

at::Tensor ConvertToFake(MetaConverter& converter, const at::Tensor& source) {
  absl::StatusOr<at::Tensor> result = converter.Convert(source, {.callback = FakeOnCuda1});
  EXPECT_THAT(result, IsOk());
  if (!result.ok()) return at::Tensor();
  EXPECT_TRUE(IsFake(*result));
  EXPECT_EQ(result->device(), Cuda1());
  EXPECT_EQ(result->storage().device(), c10::Device("meta"));
  EXPECT_EQ(result->sizes(), source.sizes());
  EXPECT_EQ(result->strides(), source.strides());
  EXPECT_EQ(result->storage_offset(), source.storage_offset());
  return *std::move(result);
}

// The first conversion creates the storage, which may be larger than the tensor.
TEST(FakeCallbackTest, AliasesAndViewsShareOneStorageInAnyOrder) {
  const at::Tensor flat = at::empty({12});
  const std::array<at::Tensor, 4> sources = {
      flat,
      flat.slice(/*dim=*/0, 0, 4).detach(),
      at::empty({0}).set_(flat.storage(), 2, {3, 2}, {3, 1}),
      flat.slice(/*dim=*/0, 4, 10),
  };
  std::array<std::size_t, 4> order = {0, 1, 2, 3};
  do {
    SCOPED_TRACE(::testing::PrintToString(order));
    MetaConverter converter;
    std::array<at::Tensor, 4> results;
    for (const std::size_t i : order) {
      results[i] = ConvertToFake(converter, sources[i]);
      ASSERT_TRUE(results[i].defined());
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      EXPECT_TRUE(SameStorage(results[i], results[0]));
      EXPECT_EQ(results[i].is_view(), sources[i].is_view());
    }
    EXPECT_EQ(results[0].storage().nbytes(), 48);
    EXPECT_TRUE(at::Tensor(results[3]._base()).is_same(results[0]));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(FakeCallbackTest, SeparateStoragesStaySeparate) {
  MetaConverter converter;
  const at::Tensor a = at::empty({4});
  const at::Tensor b = at::empty({4});
  const at::Tensor fake_a = ConvertToFake(converter, a);
  const at::Tensor fake_b = ConvertToFake(converter, b);
  EXPECT_FALSE(SameStorage(fake_a, fake_b));
  EXPECT_TRUE(SameStorage(ConvertToFake(converter, b.detach()), fake_b));
  EXPECT_TRUE(SameStorage(ConvertToFake(converter, a.detach()), fake_a));
}

TEST(FakeCallbackTest, AViewMovedToAnotherStorageIsOnThatStorage) {
  MetaConverter converter;
  const at::Tensor base = at::empty({2, 3});
  const at::Tensor elsewhere = at::empty({50});
  at::Tensor view = base[0];
  view.set_data(elsewhere.slice(/*dim=*/0, 7, 10));
  const at::Tensor fake_view = ConvertToFake(converter, view);
  const at::Tensor fake_elsewhere = ConvertToFake(converter, elsewhere);
  const at::Tensor fake_base = ConvertToFake(converter, base);
  EXPECT_TRUE(SameStorage(fake_view, fake_elsewhere));
  EXPECT_FALSE(SameStorage(fake_view, fake_base));
  EXPECT_TRUE(at::Tensor(fake_view._base()).is_same(fake_base));
}

TEST(FakeCallbackTest, ALaterAliasSharesTheStorageAfterTheSourceAndItsResultAreDestroyed) {
  MetaConverter converter;
  at::Tensor source = at::empty({12});
  at::Tensor alias = source.detach();
  at::Tensor fake_source = ConvertToFake(converter, source);
  source.reset();
  const at::Tensor fake_alias = ConvertToFake(converter, alias);
  EXPECT_TRUE(SameStorage(fake_alias, fake_source));
  fake_source.reset();
  const at::Tensor other = alias.slice(/*dim=*/0, 3, 5).detach();
  alias.reset();
  EXPECT_TRUE(SameStorage(ConvertToFake(converter, other), fake_alias));
}

// Two tensors that report the same device, with storages on different devices.
TEST(FakeCallbackTest, StoragesOnTwoDevicesAreAnError) {
  bool first = true;
  const AllocationCallback callback = [&](AllocationMaker make, c10::Device recorded) {
    at::Tensor tensor = make();
    if (std::exchange(first, false)) return at::empty_like(tensor, at::device(at::kCPU));
    tensor.unsafeGetTensorImpl()->set_fake_device(recorded);
    return tensor;
  };
  MetaConverter converter;
  const at::Tensor flat = at::empty({12});
  const at::Tensor real = converter.Convert(flat, {.callback = callback}).value();
  EXPECT_THAT(
      converter.Convert(flat.detach(), {.callback = callback}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "record 1: expected an allocation on device(type='cpu'), the device of the storage it shares, found one "
               "on device(type='meta')"));
}

// --- Operators. ---

// The conversion returns an error rather than a different tensor.
TEST(FakeWrapperTest, AViewThatRequiresAnOperatorIsAnError) {
  const at::Tensor two = TwoTensor(at::ones({2, 3}), at::ones({2, 3}));
  MetaConverter converter({.fake = true});
  EXPECT_FALSE(converter.Convert(two.t()).ok());
  EXPECT_THAT(converter.Convert(two), IsOk());
}

}  // namespace
}  // namespace metaconv
