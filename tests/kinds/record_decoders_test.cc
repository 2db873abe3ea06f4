#include "kinds/record_decoders.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/view_as_real.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kinds/functorch_stack.h"
#include "kinds/operator_view_func.h"
#include "kinds/wrapper_type.h"
#include "meta/as_json.h"
#include "meta/binary/decode_records.h"
#include "meta/binary/encode_records.h"
#include "meta/equal.h"
#include "meta/from_json.h"
#include "meta/references.h"
#include "nlohmann/json.hpp"
#include "tests/testing/kind_samples.h"
#include "tests/testing/records.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

absl::StatusOr<MetaTensorDescPtr> ThroughBytes(const MetaTensorDescPtr& desc) {
  const absl::StatusOr<std::string> bytes = EncodeRecords({{"tensor", desc}});
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<RecordModel> model = DecodeRecords(*bytes, {.decoders = TorchDecoders()});
  if (!model.ok()) return model.status();
  return model->tensors.at(0).desc;
}

void AddToDocument(const MetaTensorDesc& desc, Json& document) {
  for (const Json& known : document["tensors"]) {
    if (known["id"] == desc.id) return;
  }
  document["tensors"].push_back(AsJson(desc, 0));
  if (desc.storage.has_value()) {
    const Json storage = AsJson(*desc.storage, 0);
    bool is_known = false;
    for (const Json& known : document["storages"]) is_known = is_known || known == storage;
    if (!is_known) document["storages"].push_back(storage);
  }
  ForEachReference(desc, [&](const char*, const MetaTensorDescPtr& nested) { AddToDocument(*nested, document); });
}

Json DocumentOf(const MetaTensorDesc& desc) {
  Json document = {{"storages", Json::array()}, {"tensors", Json::array()}};
  AddToDocument(desc, document);
  return document;
}

// The text of every view function and opaque value of `desc` in the form in which it is stored.
std::vector<std::string> EncodedValues(const MetaTensorDesc& desc) {
  std::vector<std::string> values;
  const auto add = [&](const auto& value) {
    if (value == nullptr) return;
    const std::optional<EncodedValue> encoded = value->Encode();
    values.push_back(encoded.has_value() ? absl::StrCat(encoded->type, ": ", encoded->bytes) : "none");
  };
  add(desc.extras->view_func);
  add(desc.functorch().functorch_stack);
  add(desc.wrapper().ctx);
  ForEachReference(desc, [&](const char*, const MetaTensorDescPtr& nested) {
    for (std::string& value : EncodedValues(*nested)) values.push_back(std::move(value));
  });
  return values;
}

class EveryKindTest : public testing::TestWithParam<KindSample> {};

TEST_P(EveryKindTest, SurvivesAsBytes) {
  const MadeSample sample = GetParam().make();
  const absl::StatusOr<MetaTensorDescPtr> read = ThroughBytes(sample.record);
  ASSERT_THAT(read, IsOk());
  EXPECT_THAT(Equal().Differences(**read, *sample.record), IsEmpty());
  EXPECT_EQ(EncodedValues(**read), EncodedValues(*sample.record));
}

TEST_P(EveryKindTest, GivesTheSameTensorAfterReading) {
  const MadeSample sample = GetParam().make();
  const MetaTensorDescPtr read = ThroughBytes(sample.record).value();
  MetaConverter converter;
  const absl::StatusOr<at::Tensor> expected = converter.MetaTensor(*sample.record);
  ASSERT_THAT(expected, IsOk());
  MetaConverter other_converter;
  const absl::StatusOr<at::Tensor> found = other_converter.MetaTensor(*read);
  ASSERT_THAT(found, IsOk());
  MetaTensorDescriber describer;
  MetaTensorDescriber other_describer;
  EXPECT_THAT(Equal().Differences(*other_describer.DescribeTensor(*found).value(),
                                  *describer.DescribeTensor(*expected).value()),
              IsEmpty());
}

TEST_P(EveryKindTest, ViewFunctionsSurviveAsJson) {
  const MadeSample sample = GetParam().make();
  const Json document = DocumentOf(*sample.record);
  const absl::StatusOr<RecordSet> read = RecordsFromJson(document, TorchDecoders());
  ASSERT_THAT(read, IsOk());
  const MetaTensorDesc& desc = *read->tensors.at(sample.record->id);
  EXPECT_EQ(DocumentOf(desc), document);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryKindTest, testing::ValuesIn(KindSamples()),
                         [](const testing::TestParamInfo<KindSample>& info) {
                           std::string name = info.param.name;
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

// A view of a wrapper is made by its function.
TEST(RecordDecodersTest, AViewOfAWrapperIsMadeByTheFunctionThatWasRead) {
  MetaTensorDescriber describer;
  const at::Tensor base = TwoTensor(at::ones({3}, at::kComplexFloat), at::ones({3}, at::kComplexFloat));
  const MetaTensorDescPtr desc = describer.DescribeTensor(at::view_as_real(base)).value();
  ASSERT_NE(desc->extras->view_func, nullptr);
  const Json document = DocumentOf(*desc);
  MetaConverter converter;
  const absl::StatusOr<at::Tensor> view = converter.MetaTensor(*ThroughBytes(desc).value());
  ASSERT_THAT(view, IsOk());
  EXPECT_EQ(view->sizes(), (at::IntArrayRef{3, 2}));
  EXPECT_TRUE(IsTwoTensor(*view) && IsTwoTensor(at::Tensor(view->_base())));
  MetaConverter from_json;
  EXPECT_THAT(from_json.MetaTensor(*RecordsFromJson(document, TorchDecoders())->tensors.at(desc->id)), IsOk());
  MetaConverter from_names;
  EXPECT_THAT(from_names.MetaTensor(*RecordsFromJson(document)->tensors.at(desc->id)),
              StatusIs(kInvalid, HasSubstr("found only its name: aten::view_as_real")));
}

MetaTensorDescPtr WithViewFunc(std::vector<OperatorCall> calls) {
  auto describer = std::make_shared<MetaTensorDescriber>();
  MetaTensorDesc desc = ViewRecord(101, Share(DenseRecord(100, {4, 6})));
  desc.extras.Edit().view_func = OperatorViewFunc::Create(std::move(calls), [&](const at::Tensor& tensor) {
                                   return describer->DescribeTensor(tensor);
                                 }).value();
  return Share(std::move(desc));
}

TEST(RecordDecodersTest, AViewFunctionThatWasReadGivesTheSameView) {
  const std::vector<OperatorCall> calls = {
      {.name = "aten::split.Tensor", .arguments = {c10::IValue(), 2, 0}, .output = 1},
      {.name = "aten::view", .arguments = {c10::IValue(), std::vector<std::int64_t>{3, 4}}},
      {.name = "aten::slice.Tensor", .arguments = {c10::IValue(), 1, c10::IValue(), 3, 2}}};
  const MetaTensorDescPtr desc = WithViewFunc(calls);
  const MetaTensorDescPtr read = ThroughBytes(desc).value();
  EXPECT_EQ(read->extras->view_func->Name(), "aten::split.Tensor, aten::view, aten::slice.Tensor");
  const at::Tensor base = at::arange(24).view({4, 6});
  const at::Tensor expected = desc->extras->view_func->Apply(*desc, base, {}, {}).value();
  const at::Tensor found = read->extras->view_func->Apply(*read, base, {}, {}).value();
  EXPECT_EQ(found.sizes(), expected.sizes());
  EXPECT_EQ(found.strides(), expected.strides());
  EXPECT_EQ(found.storage_offset(), expected.storage_offset());
  EXPECT_TRUE(found._base().is_same(expected._base()));
}

TEST(RecordDecodersTest, CapturedTensorsAreRecords) {
  const at::Tensor like = at::empty({6, 4});
  const MetaTensorDescPtr desc = WithViewFunc({{.name = "aten::view_as", .arguments = {c10::IValue(), like}}});
  const MetaTensorDescPtr read = ThroughBytes(desc).value();
  const ViewFunc& func = *read->extras->view_func;
  ASSERT_THAT(func.captured(), SizeIs(1));
  EXPECT_THAT(Equal().Differences(*func.captured()[0].desc, *desc->extras->view_func->captured()[0].desc), IsEmpty());
  const at::Tensor base = at::arange(24);
  EXPECT_THAT(func.Apply(*read, base, {}, {}),
              StatusIs(kInvalid, "view_func: aten::view_as: expected a tensor for record 0, found only the record"));
  const auto visitor = [&](const CapturedTensor& captured) -> absl::StatusOr<at::Tensor> {
    return at::empty_symint(c10::SymIntArrayRef(captured.desc->size), at::TensorOptions());
  };
  EXPECT_EQ(func.Apply(*read, base, {}, visitor)->sizes(), like.sizes());

  const Json json = AsJson(*read, 0);
  EXPECT_EQ(json["view_func"], "_CustomViewFunc(func=aten::view_as)");
  EXPECT_EQ(json["view_func_calls"].dump(), R"([{"name":"aten::view_as","arguments":[null,{"tensor":0}]}])");
  EXPECT_EQ(json["view_func_captured"].dump(), "[0]");
  const RecordSet from_json = RecordsFromJson(DocumentOf(*read), TorchDecoders()).value();
  EXPECT_EQ(from_json.tensors.at(101)->extras->view_func->captured()[0].desc, from_json.tensors.at(0));
}

absl::Status DecodeCalls(std::string text) {
  const std::string type(kOperatorCalls);
  return TorchDecoders().view_func({.type = type, .bytes = std::move(text)}, {}).status();
}

TEST(RecordDecodersTest, OnlyViewOperatorsAreAccepted) {
  EXPECT_THAT(DecodeCalls(R"([{"name": "aten::select.int", "arguments": [null, 0, 1]}])"), IsOk());
  EXPECT_THAT(DecodeCalls(R"([{"name": "aten::split.Tensor", "arguments": [null, 2, 0], "output": 0}])"), IsOk());
  EXPECT_THAT(DecodeCalls(R"([{"name": "aten::no_such_view", "arguments": [null]}])"), IsOk());
  for (const char* name :
       {"aten::from_file", "aten::zero_", "aten::resize_", "aten::add.out", "aten::clone", "aten::set_.source_Storage",
        "aten::ones", "aten::add.Tensor", "aten::to.dtype", "aten::reshape", "aten::contiguous",
        "aten::_nested_view_from_buffer", "aten::tensor_split.sections"}) {
    EXPECT_THAT(DecodeCalls(absl::StrCat(R"([{"name": ")", name, R"(", "arguments": [null]}])")),
                StatusIs(kInvalid, HasSubstr(absl::StrCat("return a view of their first argument, found ", name))))
        << name;
  }
}

// The kernels would read such arguments unchecked.
TEST(RecordDecodersTest, ArgumentsAreComparedWithTheSchema) {
  const auto with = [](const char* name, const char* arguments) {
    return DecodeCalls(absl::StrCat(R"([{"name": ")", name, R"(", "arguments": [)", arguments, "]}]"));
  };
  const auto error = [](const char* text) { return StatusIs(kInvalid, HasSubstr(text)); };
  EXPECT_THAT(with("aten::view.dtype", "null, 6"), IsOk());
  EXPECT_THAT(with("aten::view.dtype", "null, -56"),
              error("aten::view.dtype: argument 'dtype': expected ScalarType, found -56"));
  EXPECT_THAT(with("aten::view.dtype", "null, 200"), error("argument 'dtype': expected ScalarType, found 200"));
  EXPECT_THAT(with("aten::view.dtype", "null, null"), error("argument 'dtype': expected ScalarType, found none"));
  EXPECT_THAT(with("aten::view.dtype", "null"), error("aten::view.dtype: expected 2 arguments, found 1"));
  EXPECT_THAT(with("aten::view.dtype", "3, 6"), error("argument 'self': expected none, which stands for"));
  EXPECT_THAT(with("aten::view", "null, [2, 3]"), IsOk());
  EXPECT_THAT(with("aten::view", "null, 2"), error("aten::view: argument 'size': expected SymInt[], found 2"));
  EXPECT_THAT(with("aten::view", R"(null, {"doubles": [2.0]})"), error("argument 'size': expected SymInt[], found"));
  EXPECT_THAT(with("aten::slice.Tensor", "null, 0, null, 3, 1"), IsOk());
  EXPECT_THAT(with("aten::slice.Tensor", R"(null, 0, null, "x", 1)"), error("argument 'end': expected SymInt?, found"));
  EXPECT_THAT(with("aten::view_as", R"(null, {"tensor": null})"), IsOk());
  EXPECT_THAT(with("aten::view_as", "null, 1"), error("argument 'other': expected Tensor, found 1"));
}

TEST(RecordDecodersTest, TheNumberOfOutputsIsLimited) {
  const auto apply = [](const char* text, at::IntArrayRef size) {
    const std::shared_ptr<const ViewFunc> func =
        TorchDecoders().view_func({.type = std::string(kOperatorCalls), .bytes = text}, {}).value();
    const at::Tensor base = at::empty(size, at::TensorOptions().device(at::kMeta));
    return func->Apply(DenseRecord(0, {}), base, {}, {}).status();
  };
  constexpr std::int64_t kHuge = std::int64_t{1} << 40;
  const char* unbind = R"([{"name": "aten::unbind.int", "arguments": [null, -1], "output": 1}])";
  EXPECT_THAT(apply(unbind, {kHuge, 2}), IsOk());
  EXPECT_THAT(apply(unbind, {2, kHuge}),
              StatusIs(kInvalid, HasSubstr("aten::unbind.int: expected at most 65536 tens")));
  const char* split = R"([{"name": "aten::split.Tensor", "arguments": [null, 1048576, 0], "output": 1}])";
  EXPECT_THAT(apply(split, {std::int64_t{1} << 22}), IsOk());
  EXPECT_THAT(apply(split, {kHuge}), StatusIs(kInvalid, HasSubstr("found 1048576")));
}

TEST(RecordDecodersTest, TheNameOfTheCallsIsChecked) {
  Json document = DocumentOf(*WithViewFunc({{.name = "aten::t", .arguments = {c10::IValue()}}}));
  document["tensors"][0]["view_func"] = "_CustomViewFunc(func=aten::view)";
  EXPECT_THAT(
      RecordsFromJson(document, TorchDecoders()),
      StatusIs(kInvalid, "record 101: view_func_calls: expected the calls of aten::view, found those of aten::t"));
}

// A wrapper type with a context. It is registered by name only, since no tensor of it is made.
class Factor final : public OpaqueValue {
 public:
  explicit Factor(std::int64_t factor) : factor_(factor) {}
  std::int64_t factor() const { return factor_; }
  std::string Repr() const override { return absl::StrCat("Factor(", factor_, ")"); }
  std::optional<EncodedValue> Encode() const override { return EncodedValue{"ScaledTensor", absl::StrCat(factor_)}; }

 private:
  const std::int64_t factor_;
};

absl::StatusOr<std::shared_ptr<const OpaqueValue>> ParseFactor(std::string_view bytes) {
  std::int64_t factor = 0;
  if (!absl::SimpleAtoi(std::string(bytes), &factor)) return absl::InvalidArgumentError("expected a factor");
  return std::make_shared<const Factor>(factor);
}

struct ScaledTensorImpl {};

MetaTensorDescPtr WithContextOf(std::shared_ptr<const OpaqueValue> ctx) {
  static const bool is_registered =
      RegisterWrapperType(typeid(ScaledTensorImpl), {.name = "ScaledTensor",
                                                     .flatten = [](const at::Tensor&) { return FlattenedTensor(); },
                                                     .unflatten = [](const FlattenedTensor&, c10::SymIntArrayRef,
                                                                     c10::SymIntArrayRef) { return at::Tensor(); },
                                                     .parse_opaque = ParseFactor})
          .ok();
  EXPECT_TRUE(is_registered);
  MetaTensorDesc desc = DenseRecord(0, {2});
  WrapperFields& wrapper = desc.edit_wrapper();
  wrapper.type = "ScaledTensor";
  wrapper.ctx = ctx;
  wrapper.opaque_attrs = {{"factor", ctx}};
  return Share(std::move(desc));
}

TEST(RecordDecodersTest, ContextsOfWrapperTypesAreParsed) {
  const MetaTensorDescPtr read = ThroughBytes(WithContextOf(std::make_shared<const Factor>(7))).value();
  const auto* ctx = dynamic_cast<const Factor*>(read->wrapper().ctx.get());
  ASSERT_NE(ctx, nullptr);
  EXPECT_EQ(ctx->factor(), 7);
  EXPECT_NE(dynamic_cast<const Factor*>(read->wrapper().opaque_attrs.at(0).second.get()), nullptr);
}

TEST(RecordDecodersTest, WithoutDecodersValuesAreKept) {
  const MetaTensorDescPtr desc = WithContextOf(std::make_shared<const Factor>(7));
  const std::string bytes = EncodeRecords({{"tensor", desc}}).value();
  const RecordModel model = DecodeRecords(bytes).value();
  EXPECT_EQ(dynamic_cast<const Factor*>(model.tensors[0].desc->wrapper().ctx.get()), nullptr);
  EXPECT_EQ(model.tensors[0].desc->wrapper().ctx->Repr(), "Factor(7)");
  EXPECT_EQ(EncodeRecords(model.tensors).value(), bytes);
}

TEST(RecordDecodersTest, AContextThatItsTypeRejectsIsAnError) {
  EXPECT_THAT(TorchDecoders().opaque_value({"ScaledTensor", "x"}), StatusIs(kInvalid, "expected a factor"));
  EXPECT_THAT(TorchDecoders().opaque_value({"functorch stack", "x"}), StatusIs(kInvalid, HasSubstr("a JSON list")));
  EXPECT_THAT(TorchDecoders().opaque_value({"no such type", ""}),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("expected a known type")));
}

}  // namespace
}  // namespace metaconv
