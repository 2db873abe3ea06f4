#include "tests/testing/recipe.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ATen/FunctionalTensorWrapper.h"
#include "ATen/core/Tensor.h"
#include "ATen/core/grad_mode.h"
#include "ATen/functorch/BatchedTensorImpl.h"
#include "ATen/functorch/DynamicLayer.h"
#include "ATen/functorch/TensorWrapper.h"
#include "c10/core/InferenceMode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/testing/functorch_levels.h"
#include "tests/testing/literal_tensor.h"
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

constexpr std::string_view kOnes = R"({"op": "aten::ones", "args": [[12]], "out": "x"})";

absl::StatusOr<RecipeResult> RunSteps(std::string_view steps, std::string_view sources = "[]") {
  return RunRecipe({{"name", "test"}, {"steps", Json::parse(steps)}, {"sources", Json::parse(sources)}});
}

// Steps that follow a step that creates x, ones of size 12.
absl::StatusOr<RecipeResult> RunOn12Ones(std::string_view steps, std::string_view sources = "[]") {
  std::string all = "[" + std::string(kOnes);
  if (!steps.empty()) all += ", " + std::string(steps);
  return RunSteps(all + "]", sources);
}

// The tensors with the names "v" and "x" after the steps.
struct Made {
  RecipeResult result;
  at::Tensor v;
  at::Tensor x;
};

Made Make(std::string_view steps) {
  absl::StatusOr<RecipeResult> result = RunOn12Ones(steps, R"(["v", "x"])");
  EXPECT_THAT(result, IsOk());
  if (!result.ok()) return {};
  const at::Tensor v = result->sources[0].tensor;
  const at::Tensor x = result->sources[1].tensor;
  return {*std::move(result), v, x};
}

std::size_t OpenLevels() { return at::functorch::getDynamicLayerStack().size(); }

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

// --- Functorch and functionalization ---------------------------------------------------------------------------------

TEST(RecipeTest, LevelsStayOpenAsLongAsTheResult) {
  {
    const Made made = Make(R"({"push": "vmap", "batch_size": 12, "randomness": "error"},
                              {"add_batch_dim": "x", "dim": 0, "level": 1, "out": "v"})");
    EXPECT_EQ(OpenLevels(), 1u);
    const auto* batched = at::functorch::maybeGetBatchedImpl(made.v);
    ASSERT_NE(batched, nullptr);
    EXPECT_EQ(batched->level(), 1);
    EXPECT_TRUE(batched->value().is_same(made.x));
  }
  EXPECT_EQ(OpenLevels(), 0u);
}

TEST(RecipeTest, EveryKindOfLevel) {
  const absl::StatusOr<RecipeResult> result =
      RunOn12Ones(R"({"push": "vmap", "batch_size": 2, "randomness": "same"}, {"push": "grad"}, {"push": "jvp"},
                     {"push": "functionalize", "reapply_views": true})");
  ASSERT_THAT(result, IsOk());
  // Compared as numbers, because LibTorch does not export the operator that prints them.
  std::vector<int> kinds;
  for (const auto& layer : at::functorch::getDynamicLayerStack()) kinds.push_back(static_cast<int>(layer.key()));
  using at::functorch::TransformType;
  EXPECT_THAT(kinds, ElementsAre(static_cast<int>(TransformType::Vmap), static_cast<int>(TransformType::Grad),
                                 static_cast<int>(TransformType::Jvp), static_cast<int>(TransformType::Functionalize)));
}

TEST(RecipeTest, WrappersOutliveTheirLevel) {
  const Made made = Make(R"({"push": "grad"}, {"wrap_for_grad": "x", "level": 1, "out": "v"}, {"pop": true})");
  EXPECT_EQ(OpenLevels(), 0u);
  const auto* wrapper = at::functorch::maybeGetTensorWrapper(made.v);
  ASSERT_NE(wrapper, nullptr);
  EXPECT_FALSE(wrapper->is_alive());
}

TEST(RecipeTest, LevelsAreExitedWhenAStepFails) {
  EXPECT_THAT(RunOn12Ones(R"({"push": "grad"}, {"push": "jvp"}, {"op": "aten::no_such"})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("aten::no_such")));
  EXPECT_EQ(OpenLevels(), 0u);
}

TEST(RecipeTest, LiteralsAreNotWrappedWithinLevels) {
  FunctorchLevels levels;
  levels.PushGrad();
  const at::Tensor literal = LiteralTensor({1, 2}, at::kFloat);
  EXPECT_EQ(at::functorch::maybeGetTensorWrapper(literal), nullptr);
  EXPECT_FALSE(literal.is_view());
  EXPECT_EQ(OpenLevels(), 1u);
}

TEST(RecipeTest, FunctionalTensors) {
  const Made plain = Make(R"({"to_functional": "x", "out": "v"})");
  ASSERT_TRUE(at::functionalization::impl::isFunctionalTensor(plain.v));
  EXPECT_EQ(at::functionalization::impl::unsafeGetFunctionalWrapper(plain.v)->level(), -1);
  const Made in_functorch = Make(R"({"push": "functionalize"}, {"wrap_functional": "x", "level": 1, "out": "v"})");
  ASSERT_TRUE(at::functionalization::impl::isFunctionalTensor(in_functorch.v));
  EXPECT_EQ(at::functionalization::impl::unsafeGetFunctionalWrapper(in_functorch.v)->level(), 1);
}

// --- Errors ----------------------------------------------------------------------------------------------------------

struct WrongCase {
  const char* name;
  const char* step;  // A step that follows the one that creates x.
  const char* message;
};

class WrongStepTest : public testing::TestWithParam<WrongCase> {};

TEST_P(WrongStepTest, IsAnErrorThatNamesTheStep) {
  const absl::StatusOr<RecipeResult> result = RunOn12Ones(GetParam().step);
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument,
                               AllOf(StartsWith("steps[1] "), HasSubstr(GetParam().message))));
  EXPECT_EQ(FailedStep(result.status()), 1u);
}

const WrongCase kWrongCases[] = {
    {"NoObject", "3", "expected an object, found 3"},
    {"NoKind", R"({"zop": "aten::alias"})", "expected one of add_batch_dim, "},
    {"UnknownField", R"({"pop": true, "level": 1})", R"(found {"pop":true,"level":1})"},
    {"TwoKinds", R"({"data": "x", "grad": "x", "out": "v"})", "expected one of "},
    {"UnknownOperator", R"({"op": "aten::alias.Tensor"})", "expected the name of an operator"},
    {"OperatorIsNoText", R"({"op": 3})", R"(expected "op" to be a string, found 3)"},
    {"UnknownTensor", R"({"op": "aten::alias", "args": [{"t": "y"}]})",
     R"(argument 'self': expected the name of a tensor, found "y")"},
    {"TensorIsANumberlessValue", R"({"op": "aten::alias", "args": ["x"]})", R"(expected {"t": …}, found "x")"},
    {"TooManyArgs", R"({"op": "aten::alias", "args": [{"t": "x"}, 1]})", "expected at most 1 args, found 2"},
    {"TooFewArgs", R"({"op": "aten::select.int", "args": [{"t": "x"}]})", "expected argument 'dim'"},
    {"UnknownKeyword", R"({"op": "aten::alias", "args": [{"t": "x"}], "kwargs": {"zelf": 1}})", "zelf"},
    {"GivenTwice", R"({"op": "aten::alias", "args": [{"t": "x"}], "kwargs": {"self": {"t": "x"}}})",
     "argument 'self' is given twice"},
    {"ArgsIsNoArray", R"({"op": "aten::alias", "args": 3})", "expected an array of args, found 3"},
    {"KwargsIsNoObject", R"({"op": "aten::alias", "kwargs": [3]})", "expected an object of kwargs, found [3]"},
    {"NoInteger", R"({"op": "aten::unsqueeze", "args": [{"t": "x"}, 1.5]})",
     "argument 'dim': expected an integer, found 1.5"},
    {"NoBoolean", R"({"op": "aten::sum.dim_IntList", "args": [{"t": "x"}, [0], "yes"]})", "expected a boolean"},
    {"NoNumber", R"({"op": "aten::add.Scalar", "args": [{"t": "x"}, "one"]})", "expected a number, found \"one\""},
    {"NoList", R"({"op": "aten::view", "args": [{"t": "x"}, 12]})", "expected an array, found 12"},
    {"NoDtype", R"({"op": "aten::view.dtype", "args": [{"t": "x"}, {"dtype": "float12"}]})",
     "expected a dtype, found \"float12\""},
    {"NoDtypeObject", R"({"op": "aten::view.dtype", "args": [{"t": "x"}, 3]})", R"(expected {"dtype": …}, found 3)"},
    {"RaggedLiteral", R"({"op": "aten::alias", "args": [{"tensor": [[1, 2], [3]]}]})",
     "expected an array of 2, found [3]"},
    {"LiteralOfText", R"({"op": "aten::alias", "args": [{"tensor": ["one"]}]})", "expected a number or boolean"},
    {"OneNameForMany", R"({"op": "aten::split.Tensor", "args": [{"t": "x"}, 4], "out": "v"})",
     R"(expected "out" to be a list)"},
    {"TooFewNames", R"({"op": "aten::split.Tensor", "args": [{"t": "x"}, 4], "out": ["v"]})", "expected 3 names"},
    {"NoGuard", R"({"op": "aten::alias", "args": [{"t": "x"}], "grad_mode": 1})",
     R"(expected "grad_mode" to be a boolean, found 1)"},
    {"MissingField", R"({"resize_storage": "x"})", R"(expected "bytes" to be an integer, found nothing)"},
    {"PopWithoutLevel", R"({"pop": true})", "expected an open functorch level, found none"},
    {"UnknownTransform", R"({"push": "pmap"})", "expected vmap, grad, jvp or functionalize"},
    {"UnknownRandomness", R"({"push": "vmap", "batch_size": 2, "randomness": "odd"})", "found \"odd\""},
    {"HintsOfNoDim", R"({"hint_override": "x", "hints": {"first": 8}})", "expected hints to map dims to integers"},
};

INSTANTIATE_TEST_SUITE_P(All, WrongStepTest, testing::ValuesIn(kWrongCases),
                         [](const testing::TestParamInfo<WrongCase>& info) { return info.param.name; });

TEST(RecipeTest, ExceptionsOfOperatorsAreErrors) {
  const absl::StatusOr<RecipeResult> result =
      RunOn12Ones(R"({"op": "aten::view", "args": [{"t": "x"}, [5, 5]], "out": "v"})");
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInternal, StartsWith("steps[1] op aten::view: ")));
  EXPECT_EQ(FailedStep(result.status()), 1u);
}

TEST(RecipeTest, TwoTensors) {
  const auto result = RunOn12Ones(R"({"two_tensor": ["x", "x"], "out": "v"})", R"(["v"])");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(IsTwoTensor(result->sources[0].tensor));
}

TEST(RecipeTest, InvalidRecipes) {
  const auto is_error = [](const char* message) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message));
  };
  EXPECT_THAT(RunRecipe(Json::array()), is_error("expected an object, found []"));
  EXPECT_THAT(RunRecipe({{"name", 3}}), is_error(R"(expected "name" to be a string, found 3)"));
  EXPECT_THAT(RunRecipe({{"name", "a"}}), is_error(R"(expected "steps" to be an array of steps, found nothing)"));
  EXPECT_THAT(RunSteps("[]", "[1]"), is_error(R"(expected "sources" to be an array of names, found [1])"));
  const absl::StatusOr<RecipeResult> unknown = RunSteps("[]", R"(["y"])");
  EXPECT_THAT(unknown, is_error(R"(sources: expected the name of a tensor, found "y")"));
  EXPECT_EQ(FailedStep(unknown.status()), std::nullopt);
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
