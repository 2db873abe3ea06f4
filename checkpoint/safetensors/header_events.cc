#include "checkpoint/safetensors/header_events.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/safetensors/safetensors_entry.h"
#include "nlohmann/json.hpp"

namespace metaconv {
namespace {

// Makes the entries from the events of the JSON parser. A method that returns false stops the parser.
class HeaderEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  absl::Status status = absl::OkStatus();
  std::vector<SafetensorsEntry> entries;

  bool null() override {
    // As in the safetensors library, null means that there is no metadata.
    if (depth_ == 1 && in_metadata_) return true;
    return Value("null");
  }
  bool boolean(bool) override { return Value("a bool"); }
  bool number_integer(number_integer_t) override { return Value("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return Value("a fraction"); }
  bool binary(binary_t&) override { return Value("binary data"); }

  bool number_unsigned(number_unsigned_t number) override {
    if (field_ == Field::kShape && depth_ == 3) {
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return Expected("a size of at most 63 bits", "a larger number");
      if (entries.back().shape.size() == kMaxSafetensorsDimensions) {
        return Expected("a shape", "one of more than 1024 dimensions");
      }
      entries.back().shape.push_back(static_cast<std::int64_t>(number));
      return true;
    }
    if (field_ == Field::kOffsets && depth_ == 3) {
      if (offsets_ == 2) return Expected("two data_offsets", "more");
      (offsets_ == 0 ? entries.back().begin : entries.back().end) = number;
      ++offsets_;
      return true;
    }
    return Value("a number");
  }

  bool string(string_t& text) override {
    if (depth_ == 2 && in_metadata_) return true;
    if (depth_ == 2 && field_ == Field::kDtype) {
      entries.back().dtype = std::move(text);
      return true;
    }
    return Value("a string");
  }

  bool start_object(std::size_t) override {
    ++depth_;
    if (depth_ == 1) return true;
    if (depth_ == 2) {
      field_ = Field::kNone;
      return true;
    }
    return Nested("an object");
  }

  bool end_object() override {
    --depth_;
    if (depth_ == 1 && !in_metadata_) {
      if (seen_ != kAllFields) return Expected("dtype, shape and data_offsets", "a tensor without one of them");
    }
    return true;
  }

  bool start_array(std::size_t) override {
    ++depth_;
    if (depth_ == 3 && !in_metadata_ && (field_ == Field::kShape || field_ == Field::kOffsets)) return true;
    return Nested("an array");
  }

  bool end_array() override {
    --depth_;
    if (depth_ == 2 && field_ == Field::kOffsets && offsets_ != 2) return Expected("two data_offsets", "fewer");
    return true;
  }

  bool key(string_t& key) override {
    if (depth_ == 1) return StartEntry(key);
    if (depth_ != 2 || in_metadata_) return true;
    field_ = key == "dtype"          ? Field::kDtype
             : key == "shape"        ? Field::kShape
             : key == "data_offsets" ? Field::kOffsets
                                     : Field::kOther;
    if (field_ == Field::kOther) return true;
    const unsigned bit = 1u << static_cast<unsigned>(field_);
    if ((seen_ & bit) != 0) return Expected("each field once", absl::StrCat(key, " twice"));
    seen_ |= bit;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) override {
    // The text of nlohmann/json: "[json.exception.…] parse error at …: syntax error …". It contains the last token, which
    // may be as long as the header.
    const std::string_view what = error.what();
    status = absl::DataLossError(
        absl::StrCat("offset ", position, ": the header is not valid JSON: ", std::string(what.substr(0, kMaxReason)),
                     what.size() > kMaxReason ? "…" : ""));
    return false;
  }

 private:
  static constexpr std::size_t kMaxReason = 200;
  enum class Field : unsigned { kDtype, kShape, kOffsets, kNone, kOther };
  static constexpr unsigned kAllFields = 0b111;

  bool StartEntry(string_t& name) {
    in_metadata_ = name == "__metadata__";
    field_ = Field::kNone;
    if (in_metadata_) return true;
    if (!names_.insert(name).second) {
      status = absl::DataLossError(absl::StrCat("tensor '", name, "' occurs twice in the header"));
      return false;
    }
    entries.emplace_back().name = std::move(name);
    seen_ = 0;
    offsets_ = 0;
    return true;
  }

  // Handles a value of an unexpected type: an error, unless it is in a field that is skipped.
  bool Value(std::string_view found) {
    if (depth_ >= 2 && field_ == Field::kOther && !in_metadata_) return true;
    if (depth_ == 0) return Expected("an object", found);
    if (depth_ == 1) return Expected("an object for each tensor", found);
    if (in_metadata_) return Expected("strings in __metadata__", found);
    return Expected(field_ == Field::kDtype ? "a string as the dtype" : "an array of integers that are not negative",
                    found);
  }

  bool Nested(std::string_view found) {
    if (depth_ > 2 && field_ == Field::kOther && !in_metadata_) return true;
    --depth_;
    const bool fits = Value(found);
    ++depth_;
    return fits;
  }

  bool Expected(std::string_view wanted, std::string_view found) {
    const std::string where =
        entries.empty() || in_metadata_ ? "" : absl::StrCat("tensor '", entries.back().name, "': ");
    status = absl::DataLossError(
        absl::StrCat(where, "expected ", std::string(wanted), " in the header, found ", std::string(found)));
    return false;
  }

  int depth_ = 0;  // Of objects and arrays: 1 in the header, 2 in a tensor, 3 in its shape.
  bool in_metadata_ = false;
  Field field_ = Field::kNone;
  unsigned seen_ = 0;
  int offsets_ = 0;
  absl::flat_hash_set<std::string> names_;
};

}  // namespace

absl::StatusOr<std::vector<SafetensorsEntry>> ParseHeaderEvents(std::string_view json) {
  // nlohmann/json takes a NUL byte for the end of the text, and would not read what follows it.
  if (const std::size_t nul = json.find('\0'); nul != std::string_view::npos) {
    return absl::DataLossError(
        absl::StrCat("offset ", nul, ": the header is not valid JSON: expected no byte 0, found one"));
  }
  HeaderEvents events;
  const bool parsed = nlohmann::json::sax_parse(json.begin(), json.end(), &events);
  if (!events.status.ok()) return events.status;
  if (!parsed) return absl::DataLossError("the header is not valid JSON");
  return std::move(events.entries);
}

}  // namespace metaconv
