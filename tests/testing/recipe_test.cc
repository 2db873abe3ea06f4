#include "tests/testing/recipe.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ATen/core/Tensor.h"
#include "ATen/core/grad_mode.h"
#include "c10/core/InferenceMode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/testing/recipe_steps.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

// --- Operators and their arguments -----------------------------------------------------------------------------------

TEST(RecipeTest, CallsOperators) {
  const Made made = Make(R"({"op": "aten::slice.Tensor", "args": [{"t": "x"}, 0, 3, 7], "out": "v"})");
  EXPECT_EQ(made.v.sizes(), (std::vector<std::int64_t>{4}));
  EXPECT_EQ(made.v.storage_offset(), 3);
  EXPECT_TRUE(made.v._base().is_same(made.x));
}

TEST(RecipeTest, SourcesComeInOrderAndMayRepeat) {
  const absl::StatusOr<RecipeResult> result = RunOn12Ones("", R"(["x", "x"])");
  ASSERT_THAT(result, IsOk());
  ASSERT_EQ(result->sources.size(), 2u);
  EXPECT_EQ(result->sources[1].name, "x");
  EXPECT_TRUE(result->sources[0].tensor.is_same(result->sources[1].tensor));
}

TEST(RecipeTest, KeywordsAndDefaults) {
  const Made made = Make(R"({"op": "aten::slice.Tensor", "args": [{"t": "x"}],
                             "kwargs": {"start": 2, "end": null, "step": 3}, "out": "v"})");
  EXPECT_EQ(made.v.sizes(), (std::vector<std::int64_t>{4}));
}

TEST(RecipeTest, InPlaceOperatorsNeedNoOut) {
  const Made made = Make(R"({"op": "aten::mul_.Scalar", "args": [{"t": "x"}, 2.5]},
                            {"op": "aten::alias", "args": [{"t": "x"}], "out": "v"})");
  EXPECT_EQ(made.x[0].item<float>(), 2.5);
}

TEST(RecipeTest, SeveralResults) {
  const Made list = Make(R"({"op": "aten::split.Tensor", "args": [{"t": "x"}, 4], "out": [null, "v", null]})");
  EXPECT_EQ(list.v.storage_offset(), 4);
  const Made tuple = Make(R"({"op": "aten::max.dim", "args": [{"t": "x"}, 0], "out": [null, "v"]})");
  EXPECT_EQ(tuple.v.scalar_type(), at::kLong);
}

struct ValueCase {
  const char* name;
  const char* steps;  // Steps that create "v" from "x".
  at::ScalarType dtype = at::kFloat;
  std::vector<std::int64_t> size;
  at::Layout layout = at::kStrided;
};

class ValueTest : public testing::TestWithParam<ValueCase> {};

TEST_P(ValueTest, HasTheTypeOfTheSchema) {
  const Made made = Make(GetParam().steps);
  ASSERT_TRUE(made.v.defined());
  EXPECT_EQ(made.v.scalar_type(), GetParam().dtype);
  EXPECT_EQ(made.v.sizes(), GetParam().size);
  EXPECT_EQ(made.v.layout(), GetParam().layout);
}

const ValueCase kValueCases[] = {
    {"Ints", R"({"op": "aten::view", "args": [{"t": "x"}, [3, 4]], "out": "v"})", at::kFloat, {3, 4}},
    {"OneIntForAList", R"({"op": "aten::sum.dim_IntList", "args": [{"t": "x"}, 0], "out": "v"})", at::kFloat, {}},
    {"BooleanForAnInt", R"({"op": "aten::unsqueeze", "args": [{"t": "x"}, true], "out": "v"})", at::kFloat, {12, 1}},
    {"Bool", R"({"op": "aten::sum.dim_IntList", "args": [{"t": "x"}, [0], true], "out": "v"})", at::kFloat, {1}},
    {"Scalar", R"({"op": "aten::add.Scalar", "args": [{"t": "x"}, 1], "out": "v"})", at::kFloat, {12}},
    {"Float", R"({"op": "aten::linspace", "args": [0, 1.5, 3], "out": "v"})", at::kFloat, {3}},
    {"NumberForATensor", R"({"op": "aten::mul.Tensor", "args": [{"t": "x"}, 2], "out": "v"})", at::kFloat, {12}},
    {"Text",
     R"({"op": "aten::div.Tensor_mode", "args": [{"t": "x"}, {"t": "x"}], "kwargs": {"rounding_mode": "floor"},
         "out": "v"})",
     at::kFloat,
     {12}},
    {"Tensors", R"({"op": "aten::cat", "args": [{"ts": ["x", "x"]}], "out": "v"})", at::kFloat, {24}},
    {"TensorsOneByOne", R"({"op": "aten::cat", "args": [[{"t": "x"}, {"t": "x"}]], "out": "v"})", at::kFloat, {24}},
    {"OptionalTensors",
     R"({"op": "aten::view", "args": [{"t": "x"}, [3, 4]], "out": "m"},
        {"op": "aten::index.Tensor", "args": [{"t": "m"}, [null, {"tensor": [0, 2], "dtype": "int64"}]], "out": "v"})",
     at::kFloat,
     {3, 2}},
    {"OptionalTensorsByName",
     R"({"op": "aten::view", "args": [{"t": "x"}, [3, 4]], "out": "m"},
        {"op": "aten::arange", "args": [2], "out": "i"},
        {"op": "aten::index.Tensor", "args": [{"t": "m"}, {"ts": [null, "i"]}], "out": "v"})",
     at::kFloat,
     {3, 2}},
    {"Dtype", R"({"op": "aten::view.dtype", "args": [{"t": "x"}, {"dtype": "int16"}], "out": "v"})", at::kShort, {24}},
    {"DeviceAndMemoryFormat",
     R"({"op": "aten::empty.memory_format", "args": [[1, 2, 3, 4]],
         "kwargs": {"device": {"device": "cpu"}, "memory_format": {"memory_format": "channels_last"},
                    "layout": {"layout": "strided"}, "pin_memory": false, "dtype": {"dtype": "bfloat16"}},
         "out": "v"})",
     at::kBFloat16,
     {1, 2, 3, 4}},
    {"Storage",
     R"({"op": "aten::empty.memory_format", "args": [[0]], "out": "v"},
        {"op": "aten::set_.source_Storage_storage_offset", "args": [{"t": "v"}, {"storage": "x"}, 2, [2, 2], [4, 1]]})",
     at::kFloat,
     {2, 2}},
    {"NoGenerator",
     R"({"op": "aten::rand.generator", "args": [[2]], "kwargs": {"generator": null}, "out": "v"})",
     at::kFloat,
     {2}},
    {"SparseCoo",
     R"({"op": "aten::sparse_coo_tensor.indices_size",
         "args": [{"tensor": [[0, 1], [1, 0]], "dtype": "int64"}, {"tensor": [1.5, 2], "dtype": "float64"}, [2, 2]],
         "out": "v"})",
     at::kDouble,
     {2, 2},
     at::kSparse},
    {"SparseCsr",
     R"({"op": "aten::sparse_csr_tensor.crow_col_value_size",
         "args": [{"tensor": [0, 1, 2], "dtype": "int32"}, {"tensor": [0, 1], "dtype": "int32"},
                  {"tensor": [1.5, 2]}, [2, 2]],
         "out": "v"})",
     at::kFloat,
     {2, 2},
     at::kSparseCsr},
    {"Mkldnn", R"({"op": "aten::to_mkldnn", "args": [{"t": "x"}], "out": "v"})", at::kFloat, {12}, at::kMkldnn},
    {"Quantized",
     R"({"op": "aten::quantize_per_tensor", "args": [{"t": "x"}, 0.1, 0, {"dtype": "quint8"}], "out": "v"})",
     at::kQUInt8,
     {12}},
    {"Literal",
     R"({"op": "aten::alias", "args": [{"tensor": [[1, 2], [3, 4]], "dtype": "int32"}], "out": "v"})",
     at::kInt,
     {2, 2}},
    {"LiteralWithoutDtype", R"({"op": "aten::alias", "args": [{"tensor": [true]}], "out": "v"})", at::kBool, {1}},
};

INSTANTIATE_TEST_SUITE_P(All, ValueTest, testing::ValuesIn(kValueCases),
                         [](const testing::TestParamInfo<ValueCase>& info) { return info.param.name; });

TEST(RecipeTest, LiteralsHaveTheirElements) {
  const Made made = Make(R"({"op": "aten::alias", "args": [{"tensor": [[1.5, 2], [3, -4]]}], "out": "v"})");
  EXPECT_EQ(made.v[0][0].item<float>(), 1.5);
  EXPECT_EQ(made.v[1][1].item<float>(), -4);
}

// --- Other steps -----------------------------------------------------------------------------------------------------

TEST(RecipeTest, Guards) {
  const Made no_grad = Make(R"({"requires_grad": "x", "value": true},
                               {"op": "aten::mul.Scalar", "args": [{"t": "x"}, 2], "out": "v", "grad_mode": false})");
  EXPECT_FALSE(no_grad.v.requires_grad());
  EXPECT_TRUE(at::GradMode::is_enabled());
  const Made inference = Make(R"({"op": "aten::zeros", "args": [[2]], "out": "v", "inference_mode": true})");
  EXPECT_TRUE(inference.v.is_inference());
  EXPECT_FALSE(c10::InferenceMode::is_enabled());
}

TEST(RecipeTest, Gradients) {
  const Made made = Make(R"({"requires_grad": "x", "value": true},
                            {"op": "aten::zeros", "args": [[12]], "out": "v"},
                            {"grad": "x", "value": "v"})");
  EXPECT_TRUE(made.x.is_leaf() && made.x.requires_grad());
  EXPECT_TRUE(made.x.grad().is_same(made.v));
  const Made none = Make(R"({"op": "aten::zeros", "args": [[12]], "out": "v"}, {"grad": "x", "value": "v"},
                            {"grad": "x", "value": null})");
  EXPECT_FALSE(none.x.grad().defined());
  EXPECT_THAT(RunOn12Ones(R"({"op": "aten::zeros", "args": [[3]], "out": "g"}, {"grad": "x", "value": "g"})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the gradient has size [3], the tensor [12]")));
}

TEST(RecipeTest, Parameters) {
  const Made made = Make(R"({"parameter": "x", "out": "v", "requires_grad": true})");
  EXPECT_TRUE(made.v.requires_grad());
  EXPECT_TRUE(made.v.is_alias_of(made.x));
  EXPECT_TRUE(made.result.sources[0].facts.is_parameter);
  EXPECT_FALSE(made.result.sources[1].facts.is_parameter);
}

TEST(RecipeTest, Buffers) {
  const Made made = Make(R"({"buffer": "x", "out": "v", "persistent": false})");
  EXPECT_TRUE(made.v.is_alias_of(made.x));
  EXPECT_TRUE(made.result.sources[0].facts.is_buffer);
  EXPECT_EQ(made.result.sources[0].facts.persistent, false);
  EXPECT_EQ(made.result.sources[1].facts.persistent, std::nullopt);
}

TEST(RecipeTest, FactsBelongToTheTensor) {
  const Made made = Make(R"({"mark_dynamic": "x", "indices": [0]}, {"hint_override": "x", "hints": {"0": 8}},
                            {"op": "aten::mul_.Scalar", "args": [{"t": "x"}, 2], "out": "v"})");
  ASSERT_TRUE(made.v.is_same(made.x));
  EXPECT_THAT(made.result.sources[0].facts.dynamic_indices, ElementsAre(0));
  EXPECT_THAT(made.result.sources[0].facts.hint_overrides, ElementsAre(Pair(0, 8)));
}

TEST(RecipeTest, Data) {
  const Made data = Make(R"({"requires_grad": "x", "value": true}, {"data": "x", "out": "v"})");
  EXPECT_FALSE(data.v.requires_grad());
  EXPECT_TRUE(data.v.is_alias_of(data.x));
  const Made set = Make(R"({"op": "aten::zeros", "args": [[5]], "out": "v"}, {"set_data": "x", "value": "v"})");
  EXPECT_EQ(set.x.numel(), 5);
  EXPECT_TRUE(set.v.is_alias_of(set.x));
}

TEST(RecipeTest, Storages) {
  const Made resized = Make(R"({"op": "aten::alias", "args": [{"t": "x"}], "out": "v"},
                               {"resize_storage": "x", "bytes": 0})");
  EXPECT_EQ(resized.v.storage().nbytes(), 0u);
  const Made set = Make(R"({"op": "aten::zeros", "args": [[5]], "out": "v"},
      {"set_storage": "v", "storage_of": "x", "size": [2, 2], "stride": [4, 1], "offset": 1})");
  EXPECT_TRUE(set.v.is_alias_of(set.x));
  EXPECT_EQ(set.v.storage_offset(), 1);
}

TEST(RecipeTest, ForgottenTensorsAreDestroyed) {
  const absl::StatusOr<RecipeResult> result =
      RunOn12Ones(R"({"op": "aten::detach", "args": [{"t": "x"}], "out": "v"}, {"forget": ["x"]})", R"(["v"])");
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->sources[0].tensor.storage().use_count(), 1u);
  EXPECT_THAT(RunOn12Ones(R"({"forget": ["x"]}, {"forget": ["x"]})"),
              StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("steps[2] forget: ")));
}

TEST(RecipeTest, TwoTensors) {
  const auto result = RunOn12Ones(R"({"two_tensor": ["x", "x"], "out": "v"})", R"(["v"])");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(IsTwoTensor(result->sources[0].tensor));
}

TEST(RecipeTest, RunsInManyThreadsAtOnce) {
  RunThreads(4, [](int) {
    for (int i = 0; i < 50; ++i) {
      EXPECT_THAT(RunOn12Ones(R"({"push": "grad"}, {"wrap_for_grad": "x", "level": 1, "out": "v"})", R"(["v"])"),
                  IsOk());
    }
  });
}

}  // namespace
}  // namespace metaconv
