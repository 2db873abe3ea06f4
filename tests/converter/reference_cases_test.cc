// Compares the describer and the converter with stored answers of the Python reference for the same tensors.

#include "tests/testing/reference_cases.h"

#include <cstddef>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ATen/autocast_mode.h"
#include "ATen/core/LegacyTypeDispatch.h"
#include "ATen/core/Tensor.h"
#include "ATen/core/grad_mode.h"
#include "c10/core/InferenceMode.h"
#include "converter/meta_converter.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/meta_tensor_desc.h"
#include "nlohmann/json.hpp"
#include "tests/testing/record_json.h"
#include "tests/testing/result_json.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;
using Named = std::vector<std::pair<std::string, at::Tensor>>;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

// Intended differences from the reference: case -> field and reason.
struct IntendedDifference {
  std::string prefix;
  std::string reason;
};

const std::map<std::string, IntendedDifference>& IntendedDifferences() {
  static const auto& differences = *new std::map<std::string, IntendedDifference>{
      {"quantized",
       {"describe.",
        "The reference describes quantized tensors and then does not convert them. We do neither, "
        "and give them no id."}},
  };
  return differences;
}

const std::map<std::string, Json>& Golden() {
  static const auto& cases = *[] {
    auto* cases = new std::map<std::string, Json>();
    std::ifstream file("tests/reference/golden/inmemory.json");
    Json document = Json::parse(file);
    for (Json& one : document.at("cases")) cases->emplace(one.at("name"), std::move(one));
    return cases;
  }();
  return cases;
}

std::vector<std::string> CaseNames() {
  std::vector<std::string> names;
  for (const auto& [name, build] : ReferenceCases()) names.push_back(name);
  return names;
}

Json Described(const Sources& sources) {
  MetaTensorDescriber describer;
  RecordsJson records;
  Json names = Json::object();
  for (const Source& source : sources) {
    const auto desc = describer.DescribeTensor(source.tensor, {.facts = {.is_parameter = source.is_parameter}});
    names[source.name] = desc.ok() ? Json((*desc)->id) : Json(nullptr);
    if (desc.ok()) records.Add(**desc);
  }
  return {{"names", names}, {"storages", records.Storages()}, {"tensors", records.Tensors()}};
}

Named ConvertAll(MetaConverter& converter, const Sources& sources) {
  Named results;
  for (const Source& source : sources) {
    absl::StatusOr<at::Tensor> result =
        converter.Convert(source.tensor, {.facts = {.is_parameter = source.is_parameter}});
    if (!result.ok() && !absl::IsUnimplemented(result.status()))
      ADD_FAILURE() << source.name << ": " << result.status();
    results.emplace_back(source.name, result.ok() ? *std::move(result) : at::Tensor());
  }
  return results;
}

Json Converted(const Sources& sources) {
  MetaConverter converter;
  const Named results = ConvertAll(converter, sources);
  Json json = ResultsJson(results);
  json["hit"] = converter.hits();
  json["miss"] = converter.misses();
  json["successful"] = converter.successful();
  const Named again = ConvertAll(converter, sources);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    EXPECT_TRUE(again[i].second.is_same(results[i].second)) << sources[i].name << " converted again";
  }
  return json;
}

// The golden answer without entries that have no counterpart in C++.
Json Comparable(Json golden) {
  for (Json& record : golden["describe"]["tensors"]) CutViewFunc(record);
  // Python's Parameter class. Records contain this information, but C++ results cannot.
  for (Json& result : golden["convert"]["tensors"]) result.erase("is_parameter");
  return {{"describe", golden["describe"]}, {"convert", golden["convert"]}};
}

TEST(ReferenceCasesTest, TheFileAndTheTableHaveTheSameCases) {
  std::vector<std::string> golden;
  for (const auto& [name, one] : Golden()) golden.push_back(name);
  EXPECT_THAT(CaseNames(), ElementsAreArray(golden));
}

TEST(ReferenceCasesTest, IntendedDifferencesNameCases) {
  for (const auto& [name, difference] : IntendedDifferences()) EXPECT_TRUE(ReferenceCases().contains(name)) << name;
}

class ReferenceCaseTest : public testing::TestWithParam<std::string> {
 protected:
  Sources Build() const { return ReferenceCases().at(GetParam())(); }
};

TEST_P(ReferenceCaseTest, MatchesTheReference) {
  ASSERT_TRUE(Golden().contains(GetParam()));
  const Sources sources = Build();
  const Json ours = {{"describe", Described(sources)}, {"convert", Converted(sources)}};
  std::vector<std::string> differences = JsonDifferences(Comparable(Golden().at(GetParam())), ours);
  if (const auto intended = IntendedDifferences().find(GetParam()); intended != IntendedDifferences().end()) {
    const auto is_intended = [&](const std::string& line) { return line.starts_with(intended->second.prefix); };
    EXPECT_GT(std::erase_if(differences, is_intended), 0) << "no longer differs: " << intended->second.reason;
  }
  EXPECT_THAT(differences, IsEmpty());
}

TEST_P(ReferenceCaseTest, RecordsAloneConvertToTheSame) {
  MetaTensorDescriber describer;
  std::vector<std::pair<std::string, MetaTensorDescPtr>> records;
  Json from_tensors;
  {
    const Sources sources = Build();
    for (const Source& source : sources) {
      const auto desc = describer.DescribeTensor(source.tensor, {.facts = {.is_parameter = source.is_parameter}});
      records.emplace_back(source.name, desc.ok() ? *desc : nullptr);
    }
    MetaConverter converter;
    from_tensors = ResultsJson(ConvertAll(converter, sources));
  }
  MetaConverter converter;
  Named results;
  for (const auto& [name, desc] : records) {
    results.emplace_back(name, desc == nullptr ? at::Tensor() : converter.MetaTensor(*desc).value());
  }
  EXPECT_THAT(JsonDifferences(from_tensors, ResultsJson(results)), IsEmpty());
}

// The thread-local state of the caller makes no difference.
TEST_P(ReferenceCaseTest, AmbientStateMakesNoDifference) {
  const Sources sources = Build();
  const Json plain = Converted(sources);
  {
    const at::NoGradGuard scope;
    EXPECT_EQ(Converted(sources), plain) << "NoGradGuard";
  }
  {
    MetaConverter converter;
    Named results;
    {
      const c10::InferenceMode scope;
      results = ConvertAll(converter, sources);
    }
    EXPECT_THAT(JsonDifferences(plain["tensors"], ResultsJson(results)["tensors"]), IsEmpty()) << "InferenceMode";
  }
  {
    const at::AutoDispatchBelowADInplaceOrView scope;
    EXPECT_EQ(Converted(sources), plain) << "AutoDispatchBelowADInplaceOrView";
  }
  {
    const at::AutoDispatchBelowAutograd scope;
    EXPECT_EQ(Converted(sources), plain) << "AutoDispatchBelowAutograd";
  }
  at::autocast::set_autocast_enabled(at::kCPU, true);
  EXPECT_EQ(Converted(sources), plain) << "autocast";
  at::autocast::set_autocast_enabled(at::kCPU, false);
}

// Eight threads convert the sources with one converter, each in another order: each source still has one result.
TEST_P(ReferenceCaseTest, ManyThreadsGetTheSameResults) {
  constexpr int kThreads = 8;
  constexpr int kRepetitions = 20;
  const Sources sources = Build();
  Json expected;
  {
    MetaConverter converter;
    expected = ResultsJson(ConvertAll(converter, sources));
  }
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    MetaConverter converter;
    std::vector<Named> results(kThreads, Named(sources.size()));
    RunThreads(kThreads, [&](int thread) {
      for (std::size_t i = 0; i < sources.size(); ++i) {
        const std::size_t index = (i + thread) % sources.size();
        absl::StatusOr<at::Tensor> result = converter.Convert(sources[index].tensor);
        results[thread][index] = {sources[index].name, result.ok() ? *std::move(result) : at::Tensor()};
      }
    });
    for (const Named& others : results) {
      for (std::size_t i = 0; i < sources.size(); ++i) ASSERT_TRUE(others[i].second.is_same(results[0][i].second));
    }
    ASSERT_THAT(JsonDifferences(expected, ResultsJson(results[0])), IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(All, ReferenceCaseTest, testing::ValuesIn(CaseNames()),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

}  // namespace
}  // namespace metaconv
