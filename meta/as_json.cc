#include "meta/as_json.h"

#include <memory>
#include <type_traits>

#include "meta/field_json.h"
#include "meta/meta_tensor_desc_fields.h"
#include "meta/same_value.h"

namespace metaconv {
namespace {

// The reference writes some numeric fields as the string that `repr` returns. Strings stay as they are.
Json AsRepr(Json value) { return value.is_number() ? Json(value.dump()) : value; }

// The reference gives every tensor a view function. See Note [View functions in JSON].
template <typename T>
constexpr bool kNeverDefault = std::is_same_v<T, std::shared_ptr<const ViewFunc>>;

}  // namespace

Json AsJson(const MetaTensorDesc& desc, DescriberId describer_id) {
  static const MetaTensorDesc& defaults = *new MetaTensorDesc();
  Json json = Json::object();
  ForEachField([&](const FieldInfo& info, auto member) {
    const auto& value = desc.*member;
    using Value = std::remove_cvref_t<decltype(value)>;
    if (!info.always && !kNeverDefault<Value> && SameValue(value, defaults.*member)) return;
    json[info.name] = info.as_repr ? AsRepr(FieldJson(value)) : FieldJson(value);
  });
  json["describer_id"] = describer_id;
  return json;
}

Json AsJson(const MetaStorageDesc& desc, DescriberId describer_id) {
  return {{"id", desc.id}, {"describer_id", describer_id}, {"size", FieldJson(desc.size)}};
}

}  // namespace metaconv
