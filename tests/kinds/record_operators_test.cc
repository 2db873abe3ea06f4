#include "kinds/record_operators.h"

#include <cstddef>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/view_as_real.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Names(const std::optional<std::vector<OperatorCall>>& calls) {
  if (!calls.has_value()) return {"nothing"};
  std::vector<std::string> names;
  for (const OperatorCall& call : *calls) names.push_back(call.name);
  return names;
}

TEST(RecordOperatorsTest, AChainWithItsArguments) {
  const auto calls = RecordOperators(at::ones({3}, at::kComplexFloat),
                                     [](const at::Tensor& t) { return at::view_as_real(t).select(1, 0); });
  ASSERT_THAT(Names(calls), ElementsAre("aten::view_as_real", "aten::select.int"));
  const OperatorCall& select = (*calls)[1];
  ASSERT_EQ(select.arguments.size(), 3);
  EXPECT_TRUE(select.arguments[0].isNone());
  EXPECT_EQ(select.arguments[1].toInt(), 1);
  EXPECT_EQ(select.arguments[2].toInt(), 0);
  EXPECT_EQ(select.output, std::nullopt);
}

TEST(RecordOperatorsTest, OneOfSeveralOutputs) {
  const auto calls =
      RecordOperators(at::ones({6}), [](const at::Tensor& t) { return t.split(2, 0)[1].slice(0, 1, 2); });
  ASSERT_THAT(Names(calls), ElementsAre("aten::split.Tensor", "aten::slice.Tensor"));
  EXPECT_EQ((*calls)[0].output, std::optional<std::size_t>(1));
}

TEST(RecordOperatorsTest, DoesNotRecordNestedCalls) {
  // reshape calls view.
  EXPECT_THAT(Names(RecordOperators(at::ones({6}),
                                    [](const at::Tensor& t) {
                                      return t.reshape({2, 3});
                                    })),
              ElementsAre("aten::reshape"));
}

TEST(RecordOperatorsTest, KeepsNeitherTheBaseNorTheResultAlive) {
  at::Tensor base = at::ones({6});
  const auto calls = RecordOperators(base, [](const at::Tensor& t) { return t.view({2, 3}).t(); });
  EXPECT_EQ(Names(calls).size(), 2);
  EXPECT_EQ(base.use_count(), 1);
}

TEST(RecordOperatorsTest, ReturnsNothingIfTheCallsAreNoChain) {
  const at::Tensor base = at::ones({6});
  const at::Tensor other = at::ones({6});
  at::Tensor (*const kOthers[])(const at::Tensor&) = {
      [](const at::Tensor& t) { return t; },  // Calls no operator.
      [](const at::Tensor& t) -> at::Tensor {
        t.view({2, 3});
        throw std::runtime_error("no");
      },
      [](const at::Tensor& t) { return t.view({7}); },  // The operator throws.
      [](const at::Tensor& t) {
        t.view({2, 3});
        return t.view({3, 2});
      },  // Calls two operators on the base.
      [](const at::Tensor&) {
        return at::ones({2}).view({2, 1});
      },  // Calls an operator on another tensor.
      [](const at::Tensor& t) {
        t.view({2, 3});
        return t;
      },                                                          // Does not return the result of the operator.
      [](const at::Tensor& t) { return std::get<0>(t.max(0)); },  // The operator returns a tuple.
      [](const at::Tensor&) { return at::Tensor(); },
  };
  for (std::size_t i = 0; i < std::size(kOthers); ++i) EXPECT_EQ(RecordOperators(base, kOthers[i]), std::nullopt) << i;
}

TEST(RecordOperatorsTest, RecordsOnlyWhileTheFunctionRuns) {
  const at::Tensor base = at::ones({6});
  EXPECT_EQ(RecordOperators(base, [](const at::Tensor&) -> at::Tensor { throw std::runtime_error("no"); }),
            std::nullopt);
  base.view({2, 3});
  EXPECT_THAT(Names(RecordOperators(base,
                                    [](const at::Tensor& t) {
                                      return t.view({3, 2});
                                    })),
              ElementsAre("aten::view"));
}

TEST(RecordOperatorsTest, AutogradDoesNotSeeIt) {
  const at::Tensor base = at::ones({6}).set_requires_grad(true);
  at::Tensor inside;
  RecordOperators(base, [&](const at::Tensor& t) { return inside = t.view({2, 3}); });
  EXPECT_FALSE(inside.requires_grad());
  EXPECT_FALSE(inside.is_view());
  EXPECT_TRUE(base.view({2, 3}).requires_grad());
}

}  // namespace
}  // namespace metaconv
