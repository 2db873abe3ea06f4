#include "checkpoint/safetensors/plain_header.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "checkpoint/records/sizes.h"
#include "checkpoint/safetensors/safetensors_entry.h"
#include "simdjson.h"

namespace metaconv {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(simdjson::SIMDJSON_VERSION_MAJOR >= 3, "older versions check less of a document");
static_assert(kPlainHeaderPadding >= simdjson::SIMDJSON_PADDING);

template <typename T>
using Result = simdjson::simdjson_result<T>;

// simdjson checks the encoding of the whole text and finds its quotes and punctuation first, but it checks a value only
// when the value is read. So each of these functions reads its value to the end. They return false if the header is not
// plain.

bool ReadText(Result<ondemand::value> value, std::string_view& text) { return !value.get_string().get(text); }

bool ReadShape(Result<ondemand::value> value, Sizes& shape) {
  ondemand::array array;
  if (value.get_array().get(array)) return false;
  for (Result<ondemand::value> item : array) {
    std::uint64_t size = 0;
    if (item.get_uint64().get(size)) return false;
    if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return false;
    if (shape.size() == kMaxSafetensorsDimensions) return false;
    shape.push_back(static_cast<std::int64_t>(size));
  }
  return true;
}

bool ReadOffsets(Result<ondemand::value> value, SafetensorsEntry& entry) {
  ondemand::array array;
  if (value.get_array().get(array)) return false;
  std::size_t count = 0;
  for (Result<ondemand::value> item : array) {
    if (count == 2 || item.get_uint64().get(count == 0 ? entry.begin : entry.end)) return false;
    ++count;
  }
  return count == 2;
}

bool ReadEntry(Result<ondemand::value> value, SafetensorsEntry& entry) {
  ondemand::object object;
  if (value.get_object().get(object)) return false;
  bool has_dtype = false;
  bool has_shape = false;
  bool has_offsets = false;
  for (Result<ondemand::field> field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key)) return false;
    if (key == "dtype") {
      std::string_view dtype;
      if (std::exchange(has_dtype, true) || !ReadText(field.value(), dtype)) return false;
      entry.dtype = dtype;
    } else if (key == "shape") {
      if (std::exchange(has_shape, true) || !ReadShape(field.value(), entry.shape)) return false;
    } else if (key == "data_offsets") {
      if (std::exchange(has_offsets, true) || !ReadOffsets(field.value(), entry)) return false;
    } else {
      return false;
    }
  }
  return has_dtype && has_shape && has_offsets;
}

bool SkipMetadata(Result<ondemand::value> value) {
  ondemand::object object;
  if (value.get_object().get(object)) return false;
  for (Result<ondemand::field> field : object) {
    std::string_view key;
    std::string_view text;
    if (field.unescaped_key().get(key) || !ReadText(field.value(), text)) return false;
  }
  return true;
}

bool ReadHeader(ondemand::document& document, std::vector<SafetensorsEntry>& entries) {
  ondemand::object object;
  if (document.get_object().get(object)) return false;
  for (Result<ondemand::field> field : object) {
    std::string_view name;
    if (field.unescaped_key().get(name)) return false;
    if (name == "__metadata__") {
      if (!SkipMetadata(field.value())) return false;
    } else {
      SafetensorsEntry& entry = entries.emplace_back();
      entry.name = name;
      if (!ReadEntry(field.value(), entry)) return false;
    }
  }
  // Nothing follows the object.
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

bool NamesDiffer(const std::vector<SafetensorsEntry>& entries) {
  absl::flat_hash_set<std::string_view> names;
  names.reserve(entries.size());
  for (const SafetensorsEntry& entry : entries) {
    if (!names.insert(entry.name).second) return false;
  }
  return true;
}

}  // namespace

std::optional<std::vector<SafetensorsEntry>> ParsePlainHeader(std::string& json) {
  json.reserve(json.size() + kPlainHeaderPadding);
  ondemand::parser parser;
  ondemand::document document;
  if (parser.iterate(json.data(), json.size(), json.capacity()).get(document)) return std::nullopt;
  std::vector<SafetensorsEntry> entries;
  if (!ReadHeader(document, entries) || !NamesDiffer(entries)) return std::nullopt;
  return entries;
}

}  // namespace metaconv
