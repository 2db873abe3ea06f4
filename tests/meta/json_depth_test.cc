#include "meta/json_depth.h"

#include <string>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace metaconv {
namespace {

int DepthOf(const std::string& text) {
  const auto json = nlohmann::ordered_json::parse(text);
  int depth = 0;
  while (IsDeeperThan(json, depth)) ++depth;
  return depth;
}

TEST(JsonDepthTest, CountsNestedValues) {
  EXPECT_EQ(DepthOf("1"), 1);
  EXPECT_EQ(DepthOf("[]"), 1);
  EXPECT_EQ(DepthOf("[1, \"[[[[\"]"), 2);
  EXPECT_EQ(DepthOf(R"({"a": [1], "b": {"c": {}}})"), 3);
  EXPECT_EQ(DepthOf("[[], [[1]], []]"), 4);
}

TEST(JsonDepthTest, IsNotRecursive) {
  constexpr int kDepth = 1'000'000;
  EXPECT_TRUE(IsDeeperThan(nlohmann::ordered_json::parse(std::string(kDepth, '[') + std::string(kDepth, ']')), 16));
}

}  // namespace
}  // namespace metaconv
