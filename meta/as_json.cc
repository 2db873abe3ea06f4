#include "meta/as_json.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>

#include "meta/field_json.h"
#include "meta/meta_tensor_desc_fields.h"
#include "meta/same_value.h"

namespace metaconv {
namespace {

// The reference writes some numeric fields as the string that `repr` returns. Strings stay as they are.
Json AsRepr(Json value) { return value.is_number() ? Json(value.dump()) : value; }

// Note [View functions in JSON]
// The reference writes the repr of a bound method, which contains an address and so differs between runs. We write the
// name of the view operation instead: "as_strided" for a view that size, stride and storage offset define. The
// reference gives a view function to every tensor, including tensors that are not views, so we write the operation name
// "none" for these. The arguments of the operation are in fields of their own, view_func_calls and view_func_captured,
// which the reference does not have.
Json ViewFuncJson(const MetaTensorDesc& desc) {
  const std::shared_ptr<const ViewFunc>& view_func = desc.extras->view_func;
  if (view_func == nullptr && desc.is_view) return "_CustomViewFunc(func=as_strided)";
  return FieldJson(view_func);
}

// Whether values are nested at most `depth` deep, and have no object with more members than operator calls have.
bool IsSmall(const nlohmann::json& json, int depth) {
  constexpr std::size_t kMaxMembers = 16;
  if (depth == 0 || (json.is_object() && json.size() > kMaxMembers)) return false;
  return !json.is_structured() || std::all_of(json.begin(), json.end(), [depth](const nlohmann::json& inner) {
    return IsSmall(inner, depth - 1);
  });
}

// The fields of a view function that is a sequence of operator calls: the calls, and the ids of the tensors to which they
// refer by index.
void AddViewFuncCalls(const ViewFunc& view_func, Json& json) {
  const std::optional<EncodedValue> encoded = view_func.Encode();
  if (!encoded.has_value() || encoded->type != kOperatorCalls) return;
  // Bytes that were read and kept may be anything. They are checked first, because an ordered object searches all of its
  // members for each that is added.
  const auto checked = nlohmann::json::parse(encoded->bytes, /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (checked.is_discarded() || !IsSmall(checked, kMaxCallsDepth)) return;
  json[kViewFuncCalls] = Json::parse(encoded->bytes);
  if (view_func.captured().empty()) return;
  Json& captured = json[kViewFuncCaptured] = Json::array();
  for (const CapturedTensor& tensor : view_func.captured()) captured.push_back(FieldJson(tensor.desc));
}

}  // namespace

Json AsJson(const MetaTensorDesc& desc, DescriberId describer_id) {
  static const MetaTensorDesc& defaults = *new MetaTensorDesc();
  Json json = Json::object();
  ForEachField([&](const FieldInfo& info, auto field) {
    const auto& value = field(desc);
    if constexpr (std::is_same_v<decltype(value), const std::shared_ptr<const ViewFunc>&>) {
      json[info.name] = ViewFuncJson(desc);
      if (value != nullptr) AddViewFuncCalls(*value, json);
    } else if (info.always || !SameValue(value, field(defaults))) {
      json[info.name] = info.as_repr ? AsRepr(FieldJson(value)) : FieldJson(value);
    }
  });
  json["describer_id"] = describer_id;
  return json;
}

Json AsJson(const MetaStorageDesc& desc, DescriberId describer_id) {
  return {{"id", desc.id}, {"describer_id", describer_id}, {"size", FieldJson(desc.size)}};
}

}  // namespace metaconv
