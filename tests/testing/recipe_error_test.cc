#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/testing/recipe.h"
#include "tests/testing/recipe_steps.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

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

TEST(RecipeErrorTest, ExceptionsOfOperatorsAreErrors) {
  const absl::StatusOr<RecipeResult> result =
      RunOn12Ones(R"({"op": "aten::view", "args": [{"t": "x"}, [5, 5]], "out": "v"})");
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInternal, StartsWith("steps[1] op aten::view: ")));
  EXPECT_EQ(FailedStep(result.status()), 1u);
}

TEST(RecipeErrorTest, InvalidRecipes) {
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

}  // namespace
}  // namespace metaconv
