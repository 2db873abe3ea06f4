// Tests properties that hold for every kind of tensor, with all fixed recipes of tests/reference/recipe_cases.py.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "converter/meta_converter.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kinds/functorch_stack.h"
#include "nlohmann/json.hpp"
#include "tests/testing/golden_recipes.h"
#include "tests/testing/recipe.h"
#include "tests/testing/result_json.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;
using Named = std::vector<std::pair<std::string, at::Tensor>>;
using ::testing::IsEmpty;

// An undefined tensor stands for a missing result.
at::Tensor ValueOrNone(absl::StatusOr<at::Tensor> result) {
  EXPECT_FALSE(absl::IsInternal(result.status()) && absl::StrContains(result.status().message(), "differs from record"))
      << result.status();
  return result.ok() ? *std::move(result) : at::Tensor();
}

Json ResultsOf(const Named& results) {
  const FunctorchScope no_levels;
  return ResultsJson(results, ResultProperties::kAll);
}

// The records of the sources, by name. A source that cannot be described has none.
std::vector<std::pair<std::string, MetaTensorDescPtr>> Describe(const RecipeResult& built) {
  MetaTensorDescriber describer;
  std::vector<std::pair<std::string, MetaTensorDescPtr>> records;
  for (const RecipeSource& source : built.sources) {
    records.emplace_back(source.name, describer.DescribeTensor(source.tensor).value_or(nullptr));
  }
  return records;
}

Named ConvertRecords(MetaConverter& converter, const std::vector<std::pair<std::string, MetaTensorDescPtr>>& records) {
  Named results;
  for (const auto& [name, desc] : records) {
    results.emplace_back(name, desc == nullptr ? at::Tensor() : ValueOrNone(converter.MetaTensor(*desc)));
  }
  return results;
}

TEST(RecipesTest, RecordsAloneConvertToTheSame) {
  ForEachRecipe([](const Json&, RecipeResult& built) {
    MetaConverter from_tensors;
    Named expected;
    for (const RecipeSource& source : built.sources) {
      expected.emplace_back(source.name, ValueOrNone(from_tensors.Convert(source.tensor)));
    }
    const auto records = Describe(built);
    built.sources.clear();
    MetaConverter from_records;
    const Named found = ConvertRecords(from_records, records);
    EXPECT_THAT(JsonDifferences(ResultsOf(expected), ResultsOf(found)), IsEmpty());
  });
}

TEST(RecipesTest, ConvertingAgainGivesTheSameObject) {
  ForEachRecipe([](const Json&, RecipeResult& built) {
    MetaConverter converter;
    Named results;
    for (int i = 0; i < 2; ++i) {
      for (const RecipeSource& source : built.sources) {
        results.emplace_back(source.name, ValueOrNone(converter.Convert(source.tensor)));
      }
    }
    const std::size_t count = built.sources.size();
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_TRUE(results[i].second.is_same(results[count + i].second)) << results[i].first;
    }
  });
}

TEST(RecipesTest, EightThreadsGetTheSameObjects) {
  constexpr int kThreads = 8;
  ForEachRecipe([](const Json&, RecipeResult& built) {
    const auto records = Describe(built);
    MetaConverter converter;
    std::vector<Named> results(kThreads);
    RunThreads(kThreads, [&](int i) { results[i] = ConvertRecords(converter, records); });
    for (int i = 1; i < kThreads; ++i) {
      for (std::size_t j = 0; j < records.size(); ++j) {
        EXPECT_TRUE(results[i][j].second.is_same(results[0][j].second)) << records[j].first;
      }
    }
  });
}

TEST(RecipesTest, EightThreadsDescribeWithOneDescriber) {
  constexpr int kThreads = 8;
  ForEachRecipe([](const Json& recipe, RecipeResult& built) {
    // Functorch levels are local to the thread that entered them.
    for (const Json& step : recipe.at("steps")) {
      if (step.contains("push")) return;
    }
    MetaConverter converter;
    std::vector<Named> results(kThreads);
    RunThreads(kThreads, [&](int i) {
      for (const RecipeSource& source : built.sources) {
        results[i].emplace_back(source.name, ValueOrNone(converter.Convert(source.tensor)));
      }
    });
    for (int i = 1; i < kThreads; ++i) {
      for (std::size_t j = 0; j < built.sources.size(); ++j) {
        EXPECT_TRUE(results[i][j].second.is_same(results[0][j].second)) << built.sources[j].name;
      }
    }
  });
}

}  // namespace
}  // namespace metaconv
