#include "tests/testing/recipe_answer.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "ATen/ThreadLocalState.h"
#include "ATen/functorch/DynamicLayer.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/impl/LocalDispatchKeySet.h"
#include "converter/meta_converter.h"
#include "describer/meta_tensor_describer.h"
#include "kinds/functorch_stack.h"
#include "meta/torch_status.h"
#include "tests/testing/record_json.h"
#include "tests/testing/result_json.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;

Json ErrorJson(const absl::Status& status) {
  const std::optional<std::size_t> step = FailedStep(status);
  return {{"step", step.has_value() ? Json(*step) : Json(nullptr)},
          {"message", absl::StatusCodeToString(status.code()) + ": " + std::string(status.message())}};
}

// Why a source has no record or no result.
void Explain(const std::string& name, const absl::Status& status, Json& errors, Json& unsupported) {
  (absl::IsUnimplemented(status) ? unsupported : errors)[name] = status.ToString();
}

struct LocalKeys {
  c10::DispatchKeySet included = c10::impl::tls_local_dispatch_key_set().included_;
  c10::DispatchKeySet excluded = c10::impl::tls_local_dispatch_key_set().excluded_;

  bool operator==(const LocalKeys&) const = default;
};

// JSON is written recursively, so the depth of the input is limited.
constexpr int kMaxDepth = 100;

absl::StatusOr<Json> Parsed(std::string_view line) {
  bool too_deep = false;
  const auto check_depth = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  Json json = Json::parse(line, check_depth, /*allow_exceptions=*/false);
  if (too_deep) return absl::InvalidArgumentError("the line is nested too deeply");
  if (json.is_discarded()) return absl::InvalidArgumentError("the line is not JSON");
  return json;
}

// The fields of the answer in addition to the name.
absl::StatusOr<Json> Parts(const Json& recipe) {
  absl::StatusOr<RecipeResult> result = RunRecipe(recipe);
  if (!result.ok()) return result.status();
  Json describe = DescribedJson(*result);
  Json convert = ConvertedJson(*result);
  return Json{{"describe", std::move(describe)}, {"convert", std::move(convert)}};
}

// Runs `recipe`, and then restores the thread-local state.
absl::StatusOr<Json> PartsAlone(const Json& recipe) {
  const at::ThreadLocalStateGuard state(at::ThreadLocalState{});
  const LocalKeys before;
  absl::StatusOr<Json> parts = CatchTorch("recipe", [&] { return Parts(recipe); });
  if (!parts.ok()) return parts;
  if (const std::size_t open = at::functorch::getDynamicLayerStack().size(); open != 0) {
    return absl::InternalError("functorch levels left open: " + std::to_string(open));
  }
  if (!(LocalKeys() == before)) return absl::InternalError("the thread's dispatch keys were not put back");
  return parts;
}

}  // namespace

void SetFacts(const RecipeResult& built, MetaTensorDescriber& describer) {
  for (const KnownTensor& known : built.known) {
    const at::Tensor tensor(known.tensor.lock());
    if (tensor.defined() && !known.facts->empty()) describer.SetFacts(tensor, *known.facts);
  }
}

Json DescribedJson(const RecipeResult& built) {
  MetaTensorDescriber describer;
  SetFacts(built, describer);
  RecordsJson records;
  Json names = Json::object();
  Json errors = Json::object();
  Json unsupported = Json::object();
  for (const RecipeSource& source : built.sources) {
    const absl::StatusOr<MetaTensorDescPtr> desc =
        CatchTorch("DescribeTensor", [&] { return describer.DescribeTensor(source.tensor); });
    names[source.name] = desc.ok() ? Json((*desc)->id) : Json(nullptr);
    if (desc.ok()) {
      records.Add(**desc);
    } else {
      Explain(source.name, desc.status(), errors, unsupported);
    }
  }
  return {{"names", names},
          {"errors", errors},
          {"unsupported", unsupported},
          {"storages", records.Storages()},
          {"tensors", records.Tensors()}};
}

Json ConvertedJson(const RecipeResult& built) {
  MetaConverter converter;
  SetFacts(built, converter.describer());
  const std::vector<RecipeSource>& sources = built.sources;
  const auto convert = [&](const RecipeSource& source) {
    return CatchTorch("Convert", [&] { return converter.Convert(source.tensor); });
  };
  std::vector<std::pair<std::string, at::Tensor>> results;
  Json errors = Json::object();
  Json unsupported = Json::object();
  for (const RecipeSource& source : sources) {
    absl::StatusOr<at::Tensor> result = convert(source);
    if (!result.ok()) Explain(source.name, result.status(), errors, unsupported);
    results.emplace_back(source.name, result.ok() ? *std::move(result) : at::Tensor());
  }
  const Json counts = {{"hit", converter.hits()}, {"miss", converter.misses()}, {"successful", converter.successful()}};
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!results[i].second.defined()) continue;
    const absl::StatusOr<at::Tensor> again = convert(sources[i]);
    if (!again.ok()) {
      errors[sources[i].name] = "converted again: " + again.status().ToString();
    } else if (!again->is_same(results[i].second)) {
      errors[sources[i].name] = "converted again: another object";
    }
  }
  const FunctorchScope no_levels;
  const Json objects = ResultsJson(results, ResultProperties::kAll);
  Json json = {{"names", objects["names"]}, {"errors", errors}, {"unsupported", unsupported}};
  json.update(counts);
  json["storages"] = objects["storages"];
  json["tensors"] = objects["tensors"];
  return json;
}

Json RecipeAnswer(std::string_view line) {
  Json answer = {{"name", nullptr}, {"error", nullptr}, {"describe", nullptr}, {"convert", nullptr}};
  const absl::StatusOr<Json> recipe = Parsed(line);
  if (!recipe.ok()) {
    answer["error"] = ErrorJson(recipe.status());
    return answer;
  }
  if (recipe->is_object() && recipe->contains("name") && (*recipe)["name"].is_string())
    answer["name"] = (*recipe)["name"];
  absl::StatusOr<Json> parts = PartsAlone(*recipe);
  if (parts.ok()) {
    answer.update(*parts);
  } else {
    answer["error"] = ErrorJson(parts.status());
  }
  return answer;
}

}  // namespace metaconv
