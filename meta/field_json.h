// FieldJson: converts the value of a record's field to the JSON that the reference writes.
//
// Thread safety: pure functions.
// Lifetime: results own their data.

#ifndef METACONV_META_FIELD_JSON_H_
#define METACONV_META_FIELD_JSON_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "meta/meta_tensor_desc.h"
#include "meta/python_repr.h"
#include "nlohmann/json.hpp"

namespace metaconv {

using Json = nlohmann::ordered_json;

// Adds a member that the object does not have yet. Its operator[] would search all members.
inline void AppendMember(std::string key, Json value, Json& object) {
  object.get_ref<Json::object_t&>().emplace_back(std::move(key), std::move(value));
}

inline Json FieldJson(bool value) { return value; }
inline Json FieldJson(std::int64_t value) { return value; }
inline Json FieldJson(const std::string& value) { return value; }
inline Json FieldJson(c10::ScalarType value) { return PythonRepr(value); }
inline Json FieldJson(c10::Device value) { return PythonRepr(value); }
inline Json FieldJson(c10::Layout value) { return PythonRepr(value); }
inline Json FieldJson(CreationMeta value) { return PythonRepr(value); }
inline Json FieldJson(const c10::intrusive_ptr<c10::TensorImpl>&) { return nullptr; }

inline Json FieldJson(const c10::SymInt& value) {
  if (std::optional<std::int64_t> plain = value.maybe_as_int()) return *plain;
  return PythonRepr(value);
}

inline Json FieldJson(c10::SymIntArrayRef values) {
  Json list = Json::array();
  for (const c10::SymInt& value : values) list.push_back(FieldJson(value));
  return list;
}

inline Json FieldJson(const SymSizes& values) { return FieldJson(c10::SymIntArrayRef(values)); }

inline Json FieldJson(const std::vector<std::int64_t>& values) { return values; }
inline Json FieldJson(const std::vector<std::vector<std::int64_t>>& values) { return values; }

inline Json FieldJson(const std::map<std::int64_t, std::int64_t>& values) {
  Json object = Json::object();
  for (const auto& [key, value] : values) AppendMember(absl::StrCat(key), value, object);
  return object;
}

// A nested record is written as its id.
inline Json FieldJson(const MetaTensorDescPtr& desc) { return desc == nullptr ? Json(nullptr) : Json(desc->id); }
inline Json FieldJson(const MetaStorageDesc& desc) { return desc.id; }

inline Json FieldJson(const std::shared_ptr<const OpaqueValue>& value) {
  return value == nullptr ? Json(nullptr) : Json(value->Repr());
}

// See Note [View functions in JSON]. A record without a view function needs its other fields: see ViewFuncJson.
inline Json FieldJson(const std::shared_ptr<const ViewFunc>& value) {
  return absl::StrCat("_CustomViewFunc(func=", value == nullptr ? "none" : value->Name(), ")");
}

template <typename T>
Json FieldJson(const std::vector<std::pair<std::string, T>>& values) {
  Json object = Json::object();
  absl::flat_hash_set<std::string_view> names;
  for (const auto& [name, value] : values) {
    if (names.insert(name).second) {
      AppendMember(name, FieldJson(value), object);
    } else {
      object[name] = FieldJson(value);
    }
  }
  return object;
}

template <typename T>
Json FieldJson(const std::optional<T>& value) {
  return value.has_value() ? FieldJson(*value) : Json(nullptr);
}

}  // namespace metaconv

#endif  // METACONV_META_FIELD_JSON_H_
