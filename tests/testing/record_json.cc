#include "tests/testing/record_json.h"

#include <string>
#include <utility>

#include "meta/as_json.h"
#include "meta/meta_tensor_desc_fields.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;

template <typename Map>
Json Values(const Map& map) {
  Json values = Json::array();
  for (const auto& [key, value] : map) values.push_back(value);
  return values;
}

// Converts LibTorch's text for each interpreter to the properties that are visible in Python, innermost first.
void SummariseFunctorchStack(Json& record) {
  const auto stack = record.find("functorch_stack");
  if (stack == record.end() || !stack->is_string()) return;
  constexpr const char* kTypes[] = {"Torch", "Vmap", "Grad", "Jvp", "Functionalize"};
  Json summary = Json::array();
  for (const Json& interpreter : Json::parse(stack->get<std::string>())) {
    const Json entry = {{"type", kTypes[interpreter.at("type").get<int>()]}, {"level", interpreter.at("level")}};
    summary.insert(summary.begin(), entry);
  }
  *stack = summary;
}

}  // namespace

void CutViewFunc(Json& record) {
  for (const char* ours : {kViewFuncCalls, kViewFuncCaptured}) record.erase(ours);
  const auto view_func = record.find("view_func");
  if (view_func == record.end() || !view_func->is_string()) return;
  const std::string text = *view_func;
  *view_func = text.substr(0, text.find('('));
}

void RecordsJson::Add(const MetaTensorDesc& desc) {
  Json json = AsJson(desc, /*describer_id=*/0);
  CutViewFunc(json);
  SummariseFunctorchStack(json);
  // A part may occur twice, with and without its own parts. The record with parts is used.
  Json& kept = tensors_[desc.id];
  if (json.size() >= kept.size()) kept = std::move(json);
  if (desc.storage.has_value()) storages_.insert_or_assign(desc.storage->id, AsJson(*desc.storage, 0));
  ForEachNested(desc, [&](const char*, const MetaTensorDescPtr& nested) { Add(*nested); });
}

Json RecordsJson::Tensors() const { return Values(tensors_); }
Json RecordsJson::Storages() const { return Values(storages_); }

}  // namespace metaconv
