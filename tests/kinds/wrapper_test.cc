#include "kinds/wrapper.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/from_blob.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/zeros.h"
#include "c10/core/TensorImpl.h"
#include "converter/meta_converter.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kinds/wrapper_type.h"
#include "meta/meta_tensor_desc.h"
#include "tests/testing/kind_samples.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::StatusCode kInternal = absl::StatusCode::kInternal;
constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kUnimplemented = absl::StatusCode::kUnimplemented;

// A configurable wrapper type with one inner tensor.
class BoxImpl final : public c10::TensorImpl {
 public:
  explicit BoxImpl(at::Tensor content)
      : TensorImpl(c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), content.dtype(), content.device()),
        content_(std::move(content)) {
    set_sizes_and_strides(content_.sym_sizes(), content_.sym_strides());
  }

  const at::Tensor& content() const { return content_; }

  void release_resources() override {
    TensorImpl::release_resources();
    content_.reset();
  }

 private:
  at::Tensor content_;
};

at::Tensor Box(at::Tensor content) { return at::Tensor(c10::make_intrusive<BoxImpl>(std::move(content))); }

const at::Tensor& ContentOf(const at::Tensor& box) {
  return static_cast<const BoxImpl*>(box.unsafeGetTensorImpl())->content();
}

class Label final : public OpaqueValue {
 public:
  std::string Repr() const override { return "Label"; }
};

class WrapperTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_THAT(RegisterWrapperType<BoxImpl>(
                    {.name = "Box",
                     .flatten = [](const at::Tensor& box) { return flatten(box); },
                     .unflatten = [](const FlattenedTensor& parts, c10::SymIntArrayRef size,
                                     c10::SymIntArrayRef stride) { return unflatten(parts, size, stride); }}),
                IsOk());
  }

  WrapperTest() {
    flatten = [](const at::Tensor& box) { return FlattenedTensor{.inner = {{"content", ContentOf(box)}}}; };
    unflatten = [](const FlattenedTensor& parts, c10::SymIntArrayRef, c10::SymIntArrayRef) {
      return Box(parts.inner[0].second);
    };
  }

  static inline decltype(WrapperType::flatten) flatten;
  static inline decltype(WrapperType::unflatten) unflatten;
};

void ExpectNothingRemembered(MetaConverter& converter, const MetaTensorDesc& record) {
  const RecordIds ids = IdsOf(record);
  for (const MetaTensorId id : ids.tensors) EXPECT_FALSE(converter.GetTensorMemo(id).defined()) << id;
  for (const MetaStorageId id : ids.storages) {
    EXPECT_EQ(converter.GetStorageMemo(id).unsafeGetStorageImpl(), nullptr) << id;
  }
}

at::Tensor Two(at::IntArrayRef size) { return TwoTensor(at::ones(size), at::zeros(size)); }

// --- Incorrect flatten and unflatten functions. ---

TEST_F(WrapperTest, AFailedFlattenAssignsNoId) {
  using Flatten = decltype(WrapperType::flatten);
  const struct {
    Flatten flatten;
    absl::StatusCode code;
    const char* message;
  } kCases[] = {
      {[](const at::Tensor&) { return absl::UnimplementedError("Box: sealed"); }, kUnimplemented, "Box: sealed"},
      {[](const at::Tensor&) -> absl::StatusOr<FlattenedTensor> { throw std::runtime_error("jammed"); }, kInternal,
       "flattening a Box: jammed"},
      {[](const at::Tensor&) {
         return FlattenedTensor{.inner = {{"content", at::Tensor()}}};
       },
       kInvalidArgument, "flattening a Box: content: expected a tensor, found none"},
  };
  const at::Tensor box = Box(at::ones({2}));
  for (const auto& [bad, code, message] : kCases) {
    const Flatten good = std::exchange(flatten, bad);
    MetaConverter converter;
    EXPECT_THAT(converter.describer().DescribeTensor(box), StatusIs(code, HasSubstr(message)));
    EXPECT_THAT(converter.Convert(box), StatusIs(code, HasSubstr(message)));
    EXPECT_EQ(converter.hits(), 0);
    EXPECT_EQ(converter.misses(), code == kUnimplemented ? 1 : 0);
    EXPECT_FALSE(converter.describer().FindTensorId(box).has_value());
    EXPECT_FALSE(converter.describer().FindTensorId(ContentOf(box)).has_value());
    flatten = good;
    EXPECT_THAT(converter.Convert(box), IsOk());
  }
}

TEST_F(WrapperTest, AFailedUnflattenChangesNothing) {
  using Unflatten = decltype(WrapperType::unflatten);
  using Parts = const FlattenedTensor&;
  using Ints = c10::SymIntArrayRef;
  const struct {
    Unflatten unflatten;
    absl::StatusCode code;
    const char* message;
  } kCases[] = {
      {[](Parts, Ints, Ints) { return absl::InvalidArgumentError("Box: too small"); }, kInvalidArgument,
       "Box: too small"},
      {[](Parts, Ints, Ints) -> absl::StatusOr<at::Tensor> { throw std::runtime_error("jammed"); }, kInternal,
       "unflattening a Box: jammed"},
      {[](Parts, Ints, Ints) { return at::Tensor(); }, kInternal, "unflattening a Box: expected a tensor, found none"},
      {[](Parts parts, Ints, Ints) { return Box(parts.inner[0].second).set_requires_grad(true); }, kInternal,
       "unflattening a Box: expected a leaf that does not require grad"},
      {[](Parts, Ints, Ints) { return Box(at::empty({3}, at::device(at::kMeta))); }, kInvalidArgument,
       "size: expected [2], found [3]"},
      {[](Parts, Ints, Ints) { return at::empty({2}, at::device(at::kMeta)); }, kInternal,
       "unflattening a Box: expected a Box, found another tensor"},
  };
  for (const auto& [bad, code, message] : kCases) {
    const Unflatten good = std::exchange(unflatten, bad);
    MetaConverter converter;
    const MetaTensorDescPtr record = converter.describer().DescribeTensor(Box(at::ones({2}))).value();
    EXPECT_THAT(converter.MetaTensor(*record), StatusIs(code, HasSubstr(message)));
    ExpectNothingRemembered(converter, *record);
    EXPECT_EQ(converter.hits(), 0);
    EXPECT_EQ(converter.misses(), 0);
    unflatten = good;
    EXPECT_THAT(converter.MetaTensor(*record), IsOk());
    EXPECT_EQ(converter.hits(), 1);
  }
}

TEST_F(WrapperTest, AFailureDoesNotAffectResultsThatAreHeld) {
  MetaConverter converter;
  const at::Tensor content = at::ones({2});
  const at::Tensor held = converter.Convert(content).value();
  const auto good = std::exchange(unflatten, [](const auto&, auto, auto) { return at::Tensor(); });
  EXPECT_FALSE(converter.Convert(Box(content)).ok());
  EXPECT_TRUE(converter.Convert(content).value().is_same(held));
  unflatten = good;
  EXPECT_TRUE(ContentOf(converter.Convert(Box(content)).value()).is_same(held));
}

TEST_F(WrapperTest, AnInconsistentRecordIsAnError) {
  MetaTensorDescriber describer;
  const MetaTensorDescPtr record = describer.DescribeTensor(Box(at::ones({2}))).value();
  const auto convert = [&](auto change) {
    MetaTensorDesc desc = *record;
    change(desc);
    return MetaConverter().MetaTensor(desc).status();
  };
  EXPECT_THAT(convert([](MetaTensorDesc& desc) { desc.edit_wrapper().attrs.reset(); }),
              StatusIs(kInvalidArgument, HasSubstr("attrs")));
  EXPECT_THAT(convert([](MetaTensorDesc& desc) { desc.edit_wrapper().attrs->front().second = nullptr; }),
              StatusIs(kInvalidArgument, HasSubstr("attrs.content")));
  EXPECT_THAT(convert([](MetaTensorDesc& desc) { desc.edit_wrapper().type.reset(); }),
              StatusIs(kInvalidArgument, HasSubstr("type")));
  EXPECT_THAT(convert([](MetaTensorDesc& desc) { desc.edit_wrapper().type = "Crate"; }),
              StatusIs(kInvalidArgument, HasSubstr("type: expected a registered wrapper type, found Crate")));
  EXPECT_THAT(convert([](MetaTensorDesc& desc) { desc.stride.reset(); }),
              StatusIs(kInvalidArgument, HasSubstr("stride")));
}

// --- Results. ---

TEST_F(WrapperTest, OpaqueValuesAndContextPassThrough) {
  const auto label = std::make_shared<const Label>();
  const auto ctx = std::make_shared<const Label>();
  flatten = [&](const at::Tensor& box) {
    return FlattenedTensor{.inner = {{"content", ContentOf(box)}}, .opaque = {{"label", label}}, .ctx = ctx};
  };
  FlattenedTensor seen;
  std::vector<c10::SymInt> seen_size;
  unflatten = [&](const FlattenedTensor& parts, c10::SymIntArrayRef size, c10::SymIntArrayRef) {
    seen = parts;
    seen_size = size.vec();
    return Box(parts.inner[0].second);
  };
  const at::Tensor result = MetaConverter().Convert(Box(at::ones({2, 3}))).value();
  ASSERT_EQ(seen.inner.size(), 1);
  EXPECT_EQ(seen.inner[0].first, "content");
  EXPECT_TRUE(seen.inner[0].second.is_same(ContentOf(result)));
  ASSERT_EQ(seen.opaque.size(), 1);
  EXPECT_EQ(seen.opaque[0].first, "label");
  EXPECT_EQ(seen.opaque[0].second, label);
  EXPECT_EQ(seen.ctx, ctx);
  EXPECT_EQ(seen_size, (std::vector<c10::SymInt>{2, 3}));
}

TEST_F(WrapperTest, InnerTensorsAreConvertedLikeOtherTensors) {
  MetaConverter converter;
  at::Tensor content = at::ones({2, 3}).t().set_requires_grad(true);
  content.mutable_grad() = at::ones({3, 2});
  const at::Tensor result = converter.Convert(Box(content)).value();
  EXPECT_TRUE(ContentOf(result).is_same(converter.Convert(content).value()));
  EXPECT_TRUE(ContentOf(result).is_view());
  EXPECT_TRUE(ContentOf(result).requires_grad());
  EXPECT_TRUE(ContentOf(result).grad().defined());
  EXPECT_FALSE(result.requires_grad());
}

TEST_F(WrapperTest, WrappersOfWrappers) {
  MetaConverter converter;
  const at::Tensor inner = Two({2, 3});
  const at::Tensor result = converter.Convert(Box(TwoTensor(inner, Two({2, 3})))).value();
  const TwoTensorParts parts = PartsOf(ContentOf(result));
  ASSERT_TRUE(IsTwoTensor(parts.a));
  EXPECT_TRUE(parts.a.is_same(converter.Convert(inner).value()));
  EXPECT_TRUE(PartsOf(parts.b).a.is_meta());
}

TEST_F(WrapperTest, WrappersShareTheirInnerTensors) {
  MetaConverter converter;
  const at::Tensor shared = at::ones({4});
  const at::Tensor other = at::ones({8});
  const at::Tensor a = converter.Convert(TwoTensor(shared, at::zeros({4}))).value();
  const at::Tensor b = converter.Convert(TwoTensor(shared, other.slice(0, 0, 4))).value();
  EXPECT_TRUE(PartsOf(a).a.is_same(PartsOf(b).a));
  EXPECT_FALSE(PartsOf(a).b.is_same(PartsOf(b).b));
  EXPECT_TRUE(PartsOf(b).b._base().is_same(converter.Convert(other).value()));
}

TEST_F(WrapperTest, AWrapperAsAGradient) {
  MetaConverter converter;
  at::Tensor leaf = Two({2, 3}).set_requires_grad(true);
  leaf.mutable_grad() = Two({2, 3});
  const at::Tensor result = converter.Convert(leaf).value();
  ASSERT_TRUE(IsTwoTensor(result.grad()));
  EXPECT_TRUE(converter.Convert(leaf.grad()).value().is_same(result.grad()));
}

TEST_F(WrapperTest, LeavesAndNonLeaves) {
  MetaConverter converter;
  const at::Tensor leaf = Two({2, 3}).set_requires_grad(true);
  const at::Tensor non_leaf = leaf * 2;
  ASSERT_TRUE(IsTwoTensor(non_leaf));
  const at::Tensor meta_leaf = converter.Convert(leaf).value();
  EXPECT_TRUE(meta_leaf.is_leaf());
  EXPECT_TRUE(meta_leaf.requires_grad());
  const at::Tensor meta_non_leaf = converter.Convert(non_leaf).value();
  EXPECT_FALSE(meta_non_leaf.is_leaf());
  EXPECT_TRUE(meta_non_leaf.requires_grad());
  EXPECT_FALSE(PartsOf(meta_leaf).a.requires_grad());
}

TEST_F(WrapperTest, ViewsAreViewsOfTheBasesResult) {
  at::Tensor (*const kViews[])(const at::Tensor&) = {
      [](const at::Tensor& base) { return base.t(); },
      [](const at::Tensor& base) { return base.select(0, 1); },
      [](const at::Tensor& base) { return base.t().slice(0, 1, 2).select(1, 0); },
  };
  for (const bool requires_grad : {false, true}) {
    for (const auto make : kViews) {
      MetaConverter converter;
      const at::Tensor base = Two({2, 3}).set_requires_grad(requires_grad);
      const at::Tensor view = make(base);
      const at::Tensor result = converter.Convert(view).value();
      const at::Tensor meta_base = converter.Convert(base).value();
      ASSERT_TRUE(IsTwoTensor(result));
      EXPECT_EQ(result.sizes(), view.sizes());
      EXPECT_EQ(result.strides(), view.strides());
      EXPECT_EQ(result.storage_offset(), view.storage_offset());
      EXPECT_EQ(result.is_leaf(), !requires_grad);
      EXPECT_TRUE(result._base().is_same(meta_base));
      EXPECT_TRUE(PartsOf(result).a.is_alias_of(PartsOf(meta_base).a));
      EXPECT_TRUE(PartsOf(result).b.is_alias_of(PartsOf(meta_base).b));
      EXPECT_FALSE(PartsOf(result).a.is_alias_of(PartsOf(meta_base).b));
      EXPECT_EQ(PartsOf(result).a.storage_offset(), view.storage_offset());
    }
  }
}

TEST_F(WrapperTest, NoInnerTensorIsKeptAlive) {
  MetaConverter converter;
  bool freed = false;
  float data[4] = {};
  {
    const at::Tensor box = Box(at::from_blob(data, {4}, [&](void*) { freed = true; }));
    const at::Tensor result = converter.Convert(box).value();
  }
  EXPECT_TRUE(freed);
  for (const MetaTensorId id : {0, 1}) EXPECT_FALSE(converter.GetTensorMemo(id).defined()) << id;
}

TEST_F(WrapperTest, FlatRecordsHaveTheirInnerTensorsToo) {
  MetaTensorDescriber describer;
  const at::Tensor view = Two({2, 3}).t();
  const MetaTensorDescPtr record = describer.DescribeTensor(view, {.recurse = false}).value();
  EXPECT_EQ(record->base, nullptr);
  EXPECT_EQ(record->wrapper().attrs->size(), 2);
}

}  // namespace
}  // namespace metaconv
