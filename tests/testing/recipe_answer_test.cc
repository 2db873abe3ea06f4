#include "tests/testing/recipe_answer.h"

#include <string>
#include <string_view>

#include "ATen/functorch/DynamicLayer.h"
#include "c10/core/InferenceMode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;

TEST(RecipeAnswerTest, DescribesAndConverts) {
  const Json answer = RecipeAnswer(R"({"name": "slice",
      "steps": [{"op": "aten::ones", "args": [[12]], "out": "x"},
                {"op": "aten::slice.Tensor", "args": [{"t": "x"}, 0, 3, 7], "out": "v"}],
      "sources": ["v", "x"]})");
  EXPECT_EQ(answer["name"], "slice");
  EXPECT_EQ(answer["error"], nullptr);
  EXPECT_EQ(answer["describe"]["names"], Json::parse(R"({"v": 0, "x": 1})"));
  EXPECT_EQ(answer["describe"]["errors"], Json::object());
  EXPECT_EQ(answer["describe"]["tensors"][0]["base"], 1);
  EXPECT_EQ(answer["describe"]["tensors"][0]["view_func"], "_CustomViewFunc");
  EXPECT_EQ(answer["describe"]["storages"][0]["size"], 48);
  const Json& convert = answer["convert"];
  EXPECT_EQ(convert["names"], Json::parse(R"({"v": 0, "x": 1})"));
  EXPECT_EQ(convert["hit"], 2);
  EXPECT_EQ(convert["storages"], Json::parse(R"([{"nbytes": 48}])"));
  EXPECT_EQ(convert["tensors"][0]["storage_offset"], 3);
  EXPECT_EQ(convert["tensors"][0]["sparse"], nullptr);
  EXPECT_EQ(convert["tensors"][0]["is_mkldnn"], false);
}

TEST(RecipeAnswerTest, UnsupportedKindsAreNull) {
  const Json answer = RecipeAnswer(R"({"name": "quantized",
      "steps": [{"op": "aten::ones", "args": [[3]], "out": "x"},
                {"op": "aten::quantize_per_tensor", "args": [{"t": "x"}, 0.1, 0, {"dtype": "quint8"}], "out": "q"}],
      "sources": ["q"]})");
  EXPECT_EQ(answer["error"], nullptr);
  EXPECT_EQ(answer["convert"]["names"]["q"], nullptr);
  EXPECT_EQ(answer["convert"]["errors"], Json::object());
  EXPECT_THAT(answer["convert"]["unsupported"]["q"].get<std::string>(), HasSubstr("quantized"));
}

TEST(RecipeAnswerTest, ParametersAreDescribedAsSuch) {
  const Json answer = RecipeAnswer(R"({"name": "parameter",
      "steps": [{"op": "aten::ones", "args": [[3]], "out": "x"}, {"parameter": "x", "out": "p"}],
      "sources": ["p"]})");
  EXPECT_EQ(answer["describe"]["tensors"][0]["is_parameter"], true);
}

TEST(RecipeAnswerTest, ErrorsNameTheStep) {
  const Json answer = RecipeAnswer(R"({"name": "wrong", "steps": [{"op": "aten::no_such"}], "sources": []})");
  EXPECT_EQ(answer["name"], "wrong");
  EXPECT_EQ(answer["error"]["step"], 0);
  EXPECT_THAT(answer["error"]["message"].get<std::string>(), HasSubstr("aten::no_such"));
  EXPECT_EQ(answer["describe"], nullptr);
  EXPECT_EQ(answer["convert"], nullptr);
}

TEST(RecipeAnswerTest, InvalidLinesHaveAnAnswer) {
  const std::string deep(100000, '[');
  for (const std::string_view line : {"", "no JSON", "3", "null", "[]", "{}", "{\"name\": \"\xff\"}", deep.c_str()}) {
    const Json answer = RecipeAnswer(line);
    EXPECT_EQ(answer["name"], nullptr);
    EXPECT_EQ(answer["error"]["step"], nullptr);
    EXPECT_NE(answer["error"]["message"], "");
  }
}

TEST(RecipeAnswerTest, RestoresTheThreadLocalState) {
  RecipeAnswer(R"({"name": "levels",
      "steps": [{"push": "vmap", "batch_size": 2}, {"push": "grad", "inference_mode": true}, {"pop": true}],
      "sources": []})");
  EXPECT_TRUE(at::functorch::getDynamicLayerStack().empty());
  EXPECT_FALSE(c10::InferenceMode::is_enabled());
}

}  // namespace
}  // namespace metaconv
