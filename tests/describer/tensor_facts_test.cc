#include "describer/tensor_facts.h"

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/as_json.h"
#include "nlohmann/json.hpp"

namespace metaconv {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;

MetaTensorDescPtr Describe(MetaTensorDescriber& describer, const at::Tensor& tensor, const TensorFacts& facts = {}) {
  return describer.DescribeTensor(tensor, {.facts = facts}).value();
}

TEST(TensorFactsTest, AreRemembered) {
  MetaTensorDescriber describer;
  const at::Tensor tensor = at::empty({4});
  EXPECT_FALSE(Describe(describer, tensor)->is_buffer);
  EXPECT_TRUE(Describe(describer, tensor, {.is_buffer = true, .persistent = false})->is_buffer);
  const MetaTensorDescPtr again = Describe(describer, tensor);
  EXPECT_TRUE(again->is_buffer);
  EXPECT_THAT(again->attributes().persistent, Optional(false));
  EXPECT_FALSE(Describe(describer, at::empty({4}))->is_buffer);
  MetaTensorDescriber other;
  EXPECT_FALSE(Describe(other, tensor)->is_buffer);
}

TEST(TensorFactsTest, NewFactsReplaceOnlyTheSameFields) {
  MetaTensorDescriber describer;
  const at::Tensor tensor = at::empty({4});
  Describe(describer, tensor,
           {.is_parameter = true, .nested_int = 3, .dynamic_indices = {0, 1}, .hint_overrides = {{0, 8}}});
  const MetaTensorDescPtr record = Describe(describer, tensor, {.nested_int = 5, .dynamic_indices = {1}});
  EXPECT_TRUE(record->is_parameter);
  EXPECT_THAT(record->attributes().nested_int, Optional(5));
  EXPECT_THAT(record->attributes().dynamo_dynamic_indices, ElementsAre(1));
  EXPECT_THAT(record->attributes().dynamo_hint_overrides, ElementsAre(Pair(0, 8)));
}

TEST(TensorFactsTest, FactsOfABaseAreNotThoseOfItsViews) {
  MetaTensorDescriber describer;
  const at::Tensor base = at::empty({4});
  Describe(describer, base, {.is_parameter = true});
  const MetaTensorDescPtr view = Describe(describer, base.view({2, 2}), {.dynamic_indices = {0}});
  EXPECT_FALSE(view->is_parameter);
  EXPECT_TRUE(view->base->is_parameter);
  EXPECT_THAT(view->base->attributes().dynamo_dynamic_indices, IsEmpty());
}

TEST(TensorFactsTest, AppearOnGradients) {
  MetaTensorDescriber describer;
  at::Tensor leaf = at::empty({4}).set_requires_grad(true);
  leaf.mutable_grad() = at::empty({4});
  Describe(describer, leaf.grad(), {.is_buffer = true});
  const MetaTensorDescPtr record = Describe(describer, leaf, {.is_parameter = true});
  EXPECT_TRUE(record->grad()->is_buffer);
  EXPECT_FALSE(record->grad()->is_parameter);
}

TEST(TensorFactsTest, AreRemovedWithTheTensor) {
  MetaTensorDescriber describer;
  for (int i = 0; i < 100; ++i) {
    const at::Tensor tensor = at::empty({4});
    EXPECT_FALSE(Describe(describer, tensor)->is_parameter) << i;
    Describe(describer, tensor, {.is_parameter = true});
  }
}

TEST(TensorFactsTest, AllOfThemAreInJson) {
  MetaTensorDescriber describer;
  const MetaTensorDescPtr record = Describe(describer, at::empty({4}),
                                            {.is_parameter = true,
                                             .is_buffer = true,
                                             .persistent = false,
                                             .nested_int = 7,
                                             .dynamic_indices = {0},
                                             .hint_overrides = {{0, 16}}});
  const nlohmann::ordered_json json = AsJson(*record, describer.id());
  EXPECT_EQ(json.at("is_parameter"), true);
  EXPECT_EQ(json.at("is_buffer"), true);
  EXPECT_EQ(json.at("persistent"), false);
  EXPECT_EQ(json.at("nested_int"), "7");  // The reference writes the repr of the value.
  EXPECT_EQ(json.at("dynamo_dynamic_indices"), nlohmann::ordered_json::array({0})) << json;
  EXPECT_EQ(json.at("dynamo_hint_overrides").dump(), R"({"0":16})") << json;
}

TEST(TensorFactsTest, AreEmptyByDefault) {
  EXPECT_TRUE(TensorFacts().empty());
  EXPECT_FALSE(TensorFacts{.is_parameter = true}.empty());
  EXPECT_FALSE(TensorFacts{.is_buffer = true}.empty());
  EXPECT_FALSE(TensorFacts{.persistent = false}.empty());
  EXPECT_FALSE(TensorFacts{.nested_int = 0}.empty());
  EXPECT_FALSE(TensorFacts{.dynamic_indices = {0}}.empty());
  EXPECT_FALSE((TensorFacts{.hint_overrides = {{0, 1}}}.empty()));
}

}  // namespace
}  // namespace metaconv
