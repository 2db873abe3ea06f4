// FromFieldJson: parses the value of a record's field from the JSON that FieldJson wrote.
//
// Each overload sets `value`, or returns an error that says what was expected and what was found. `records` contains
// the records that fields refer to by id.
//
// Thread safety: pure functions.
// Lifetime: values own their data; nested records are shared with `records`.

#ifndef METACONV_META_FIELD_FROM_JSON_H_
#define METACONV_META_FIELD_FROM_JSON_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "meta/field_json.h"
#include "meta/from_json.h"
#include "meta/from_python_repr.h"
#include "meta/meta_tensor_desc.h"
#include "meta/named_view_func.h"
#include "meta/text_value.h"

namespace metaconv {

// A description of `json` for error messages. Its length is bounded, whatever the document contains.
inline std::string FoundText(const Json& json) {
  constexpr std::size_t kLongest = 80;
  if (json.is_array()) return "a list";
  if (json.is_object()) return "an object";
  if (!json.is_string()) return json.dump();
  const std::string& text = json.get_ref<const std::string&>();
  return text.size() <= kLongest ? absl::StrCat("'", text, "'") : absl::StrCat("a string of ", text.size(), " bytes");
}

inline absl::Status Unexpected(std::string_view expected, const Json& json) {
  return absl::InvalidArgumentError(absl::StrCat("expected ", std::string(expected), ", found ", FoundText(json)));
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet&, bool& value) {
  if (!json.is_boolean()) return Unexpected("a boolean", json);
  value = json.get<bool>();
  return absl::OkStatus();
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet&, std::int64_t& value) {
  if (!json.is_number_integer()) return Unexpected("an integer", json);
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
    return Unexpected("a 64-bit signed integer", json);
  }
  value = json.get<std::int64_t>();
  return absl::OkStatus();
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet&, std::string& value) {
  if (!json.is_string()) return Unexpected("a string", json);
  value = json.get<std::string>();
  return absl::OkStatus();
}

// Sets `value` to the result of `parse` for a JSON string.
template <typename T>
absl::Status FromText(const Json& json, std::string_view expected, std::optional<T> (*parse)(std::string_view),
                      T& value) {
  std::optional<T> parsed;
  if (json.is_string()) parsed = parse(json.get_ref<const std::string&>());
  if (!parsed.has_value()) return Unexpected(expected, json);
  value = *parsed;
  return absl::OkStatus();
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet&, c10::ScalarType& value) {
  return FromText(json, "the name of a dtype", DtypeFromPythonRepr, value);
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet&, c10::Device& value) {
  return FromText(json, "a device as Python prints it", DeviceFromPythonRepr, value);
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet&, c10::Layout& value) {
  return FromText(json, "the name of a layout", LayoutFromPythonRepr, value);
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet&, CreationMeta& value) {
  return FromText(json, "the name of a creation meta", CreationMetaFromPythonRepr, value);
}

// JSON has no representation of tensors.
inline absl::Status FromFieldJson(const Json& json, const RecordSet&, c10::intrusive_ptr<c10::TensorImpl>&) {
  return json.is_null() ? absl::OkStatus() : Unexpected("null", json);
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet& records, c10::SymInt& value) {
  if (json.is_string()) {
    return absl::UnimplementedError(
        absl::StrCat("expected an integer, found the symbolic expression ", FoundText(json)));
  }
  std::int64_t plain = 0;
  absl::Status status = FromFieldJson(json, records, plain);
  value = plain;
  return status;
}

// Parses each element of the list `json` and appends it to `values`.
template <typename T, typename Values>
absl::Status FromList(const Json& json, const RecordSet& records, Values& values) {
  if (!json.is_array()) return Unexpected("a list", json);
  for (const Json& entry : json) {
    T value{};
    if (absl::Status status = FromFieldJson(entry, records, value); !status.ok()) return status;
    values.push_back(std::move(value));
  }
  return absl::OkStatus();
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet& records, SymSizes& values) {
  return FromList<c10::SymInt>(json, records, values);
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet& records, std::vector<std::int64_t>& values) {
  return FromList<std::int64_t>(json, records, values);
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet& records,
                                  std::vector<std::vector<std::int64_t>>& values) {
  return FromList<std::vector<std::int64_t>>(json, records, values);
}

// Parses the canonical decimal spelling of an integer. Other spellings, such as "+1" or "01", are errors.
inline absl::Status IntegerFromText(const std::string& text, std::int64_t& value) {
  if (absl::SimpleAtoi(text, &value) && absl::StrCat(value) == text) return absl::OkStatus();
  return Unexpected("an integer in a string", text);
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet& records,
                                  std::map<std::int64_t, std::int64_t>& values) {
  if (!json.is_object()) return Unexpected("an object", json);
  for (const auto& [text, entry] : json.items()) {
    std::int64_t key = 0;
    if (absl::Status status = IntegerFromText(text, key); !status.ok()) return status;
    if (absl::Status status = FromFieldJson(entry, records, values[key]); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// The record with the id in `json`, or null if `json` is null.
template <typename Known>
absl::StatusOr<const typename Known::mapped_type*> FindRecord(const Json& json, const RecordSet& records,
                                                              const Known& known) {
  if (json.is_null()) return nullptr;
  std::int64_t id = 0;
  if (absl::Status status = FromFieldJson(json, records, id); !status.ok()) return status;
  const auto found = known.find(id);
  if (found == known.end()) return Unexpected("the id of a record in this document", json);
  return &found->second;
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet& records, MetaTensorDescPtr& value) {
  const absl::StatusOr<const MetaTensorDescPtr*> found = FindRecord(json, records, records.tensors);
  if (found.ok() && *found != nullptr) value = **found;
  return found.status();
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet& records, std::optional<MetaStorageDesc>& value) {
  const absl::StatusOr<const MetaStorageDesc*> found = FindRecord(json, records, records.storages);
  if (found.ok() && *found != nullptr) value = **found;
  return found.status();
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet& records,
                                  std::shared_ptr<const OpaqueValue>& value) {
  if (json.is_null()) return absl::OkStatus();
  std::string text;
  if (absl::Status status = FromFieldJson(json, records, text); !status.ok()) return status;
  value = std::make_shared<const TextValue>(std::move(text));
  return absl::OkStatus();
}

inline absl::Status FromFieldJson(const Json& json, const RecordSet& records, std::shared_ptr<const ViewFunc>& value) {
  constexpr std::string_view kPrefix = "_CustomViewFunc(func=";
  std::string text;
  if (absl::Status status = FromFieldJson(json, records, text); !status.ok()) return status;
  if (!text.starts_with(kPrefix) || !text.ends_with(')')) return Unexpected("_CustomViewFunc(func=…)", json);
  std::string name = text.substr(kPrefix.size(), text.size() - kPrefix.size() - 1);
  // See Note [View functions in JSON]. Neither of the two is a function of its own.
  if (name != "none" && name != "as_strided") value = std::make_shared<const NamedViewFunc>(std::move(name));
  return absl::OkStatus();
}

template <typename T>
absl::Status FromFieldJson(const Json& json, const RecordSet& records, std::vector<std::pair<std::string, T>>& values) {
  if (!json.is_object()) return Unexpected("an object", json);
  for (const auto& [name, entry] : json.items()) {
    T value{};
    if (absl::Status status = FromFieldJson(entry, records, value); !status.ok()) return status;
    values.emplace_back(name, std::move(value));
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status FromFieldJson(const Json& json, const RecordSet& records, std::optional<T>& value) {
  return FromFieldJson(json, records, value.emplace());
}

// As FromFieldJson, for fields that are written as Python's repr, which writes numbers as strings.
template <typename T>
absl::Status FromReprJson(const Json& json, const RecordSet& records, T& value) {
  return FromFieldJson(json, records, value);
}

inline absl::Status FromReprJson(const Json& json, const RecordSet&, std::optional<std::int64_t>& value) {
  if (!json.is_string()) return Unexpected("an integer in a string", json);
  return IntegerFromText(json.get_ref<const std::string&>(), value.emplace());
}

}  // namespace metaconv

#endif  // METACONV_META_FIELD_FROM_JSON_H_
