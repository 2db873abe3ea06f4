#include "examples/int8_weight.h"

#include <memory>
#include <sstream>
#include <string>

#include "ATen/ATen.h"
#include "ATen/core/grad_mode.h"
#include "c10/core/InferenceMode.h"
#include "converter/meta_converter.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kinds/record_decoders.h"
#include "meta/binary/decode_records.h"
#include "meta/binary/encode_records.h"
#include "meta/torch_status.h"
#include "tests/testing/status_matchers.h"

namespace metaconv::examples {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::StatusCode kInternal = absl::StatusCode::kInternal;
constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;

TEST(Int8WeightTest, HasTheMetadataOfTheWeightAndNearlyEqualValues) {
  const at::Tensor weight = at::randn({8, 4}, at::kDouble);
  for (const std::int64_t axis : {0, 1, -1}) {
    const at::Tensor quantized = Quantize(weight, axis);
    EXPECT_TRUE(IsInt8Weight(quantized));
    EXPECT_EQ(quantized.sizes(), weight.sizes());
    EXPECT_EQ(quantized.scalar_type(), at::kDouble);
    EXPECT_EQ(quantized.device(), weight.device());
    EXPECT_EQ(PartsOf(quantized).data.scalar_type(), at::kChar);
    EXPECT_EQ(PartsOf(quantized).scale.size(0), weight.size(axis));
    EXPECT_TRUE(at::allclose(quantized, weight, 0, 0.05));
  }
  EXPECT_TRUE(at::equal(Dequantize(Quantize(at::zeros({2, 2}))), at::zeros({2, 2})));
  EXPECT_ANY_THROW(Quantize(at::ones({2, 2}, at::kLong)));
  EXPECT_ANY_THROW(Quantize(weight, 2));
  EXPECT_ANY_THROW(Dequantize(weight));
}

TEST(Int8WeightTest, AnyOperatorAcceptsIt) {
  const at::Tensor weight = Quantize(at::randn({8, 4}));
  const at::Tensor plain = Dequantize(weight);
  const at::Tensor x = at::randn({2, 4});
  EXPECT_TRUE(at::equal(at::linear(x, weight), at::linear(x, plain)));
  EXPECT_TRUE(at::equal(weight + 1, plain + 1));
  EXPECT_TRUE(at::equal(at::matmul(x, weight.t()), at::matmul(x, plain.t())));
  EXPECT_TRUE(at::equal(at::cat({weight, plain}), at::cat({plain, plain})));
  EXPECT_TRUE(at::equal(at::empty({8, 4}).copy_(weight), plain));
  EXPECT_TRUE(at::equal(weight.slice(0, 2, 4), plain.slice(0, 2, 4)));
  EXPECT_EQ(weight.sum().item<float>(), plain.sum().item<float>());
  EXPECT_EQ(at::empty_like(weight).sizes(), plain.sizes());
  const c10::InferenceMode inference;
  EXPECT_TRUE(at::equal(at::linear(x, weight), at::linear(x, plain)));
  EXPECT_TRUE(at::equal(weight.t(), plain.t()));
}

TEST(Int8WeightTest, AViewIsAViewOfTheDequantizedTensor) {
  const at::Tensor weight = Quantize(at::randn({8, 4}));
  const at::Tensor view = weight.t();
  EXPECT_FALSE(IsInt8Weight(at::Tensor(view._base())));
  view.add_(1);
  EXPECT_TRUE(at::equal(view, Dequantize(weight).t() + 1));
}

TEST(Int8WeightTest, OtherArgumentsGetTheirGradients) {
  const at::Tensor weight = Quantize(at::randn({8, 4}));
  const at::Tensor x = at::randn({2, 4}).set_requires_grad(true);
  at::linear(x, weight).sum().backward();
  EXPECT_TRUE(at::allclose(x.grad(), Dequantize(weight).sum(0).expand({2, 4})));
}

TEST(Int8WeightTest, WritingIsAnError) {
  const at::Tensor weight = Quantize(at::randn({8, 4}));
  const auto error = AllOf(HasSubstr("cannot write to an Int8Weight"), HasSubstr("Dequantize"));
  EXPECT_THAT(CatchTorch("", [&] { weight.add_(1); }), StatusIs(kInternal, AllOf(error, HasSubstr("aten::add_"))));
  EXPECT_THAT(CatchTorch("", [&] { weight.copy_(at::ones({8, 4})); }), StatusIs(kInternal, error));
  at::Tensor out = weight;
  EXPECT_THAT(CatchTorch("",
                         [&] {
                           at::add_out(out, at::ones({8, 4}), 1);
                         }),
              StatusIs(kInternal, AllOf(error, HasSubstr("'out'"))));
  const c10::InferenceMode inference;
  EXPECT_THAT(CatchTorch("", [&] { weight.zero_(); }), StatusIs(kInternal, error));
}

TEST(Int8WeightTest, DetachSharesAndCloneCopiesTheParts) {
  const at::Tensor weight = Quantize(at::randn({8, 4}));
  EXPECT_TRUE(PartsOf(weight.detach()).data.is_same(PartsOf(weight).data));
  const at::Tensor clone = weight.clone();
  EXPECT_FALSE(PartsOf(clone).data.is_alias_of(PartsOf(weight).data));
  EXPECT_TRUE(at::equal(clone, weight));
}

TEST(Int8WeightTest, IsPrinted) {
  std::ostringstream text;
  text << Quantize(at::ones({1, 2}));
  EXPECT_THAT(text.str(), AllOf(HasSubstr("1  1"), HasSubstr("Float")));
}

TEST(Int8WeightTest, IsConvertedByItsParts) {
  MetaConverter converter;
  const at::Tensor weight = Quantize(at::randn({8, 4}), /*axis=*/1);
  const absl::StatusOr<at::Tensor> result = converter.Convert(weight);
  ASSERT_THAT(result, IsOk());
  ASSERT_TRUE(IsInt8Weight(*result));
  EXPECT_TRUE(result->is_meta());
  EXPECT_EQ(result->sizes(), weight.sizes());
  EXPECT_EQ(PartsOf(*result).axis, 1);
  EXPECT_TRUE(PartsOf(*result).data.is_same(converter.Convert(PartsOf(weight).data).value()));
  EXPECT_EQ(at::linear(at::empty({2, 4}, at::device(at::kMeta)), *result).sizes(), (at::IntArrayRef{2, 8}));
}

TEST(Int8WeightTest, AnInconsistentRecordIsAnError) {
  MetaTensorDescriber describer;
  const MetaTensorDescPtr record = describer.DescribeTensor(Quantize(at::randn({8, 4}))).value();
  EXPECT_EQ(record->wrapper().ctx->Repr(), "QuantizationAxis(0)");
  const auto convert = [&](auto change) {
    MetaTensorDesc desc = *record;
    change(desc);
    return MetaConverter().MetaTensor(desc).status();
  };
  EXPECT_THAT(convert([](MetaTensorDesc& desc) { desc.size[0] = 9; }),
              StatusIs(kInvalidArgument, HasSubstr("Int8Weight: size: expected")));
  EXPECT_THAT(convert([](MetaTensorDesc& desc) { desc.edit_wrapper().ctx = nullptr; }),
              StatusIs(kInvalidArgument, HasSubstr("Int8Weight: ctx: expected a QuantizationAxis")));
  EXPECT_THAT(convert([](MetaTensorDesc& desc) { desc.edit_wrapper().attrs->pop_back(); }),
              StatusIs(kInvalidArgument, HasSubstr("found 2 tensors")));
}

TEST(Int8WeightTest, ItsRecordSurvivesInAFile) {
  MetaTensorDescriber describer;
  const MetaTensorDescPtr record = describer.DescribeTensor(Quantize(at::randn({8, 4}), 1)).value();
  const std::string bytes = EncodeRecords({{"weight", record}}).value();
  const RecordModel model = DecodeRecords(bytes, {.decoders = TorchDecoders()}).value();
  MetaConverter converter;
  const at::Tensor weight = converter.MetaTensor(*model.tensors[0].desc).value();
  ASSERT_TRUE(IsInt8Weight(weight));
  EXPECT_EQ(PartsOf(weight).axis, 1);
  EXPECT_THAT(TorchDecoders().opaque_value({"Int8Weight", "x"}),
              StatusIs(kInvalidArgument, HasSubstr("expected an axis")));
}

}  // namespace
}  // namespace metaconv::examples
