#include "checkpoint/pickle/pickle_value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "checkpoint/pickle/big_int.h"

namespace metaconv {
namespace {

// The representation of a value that is nested more deeply is abbreviated.
constexpr int kMaxReprDepth = 8;

// Python's repr of a float: the shortest text that gives the same number, with an exponent from 1e16 on and below 1e-4.
std::string FloatRepr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double magnitude = std::fabs(value);
  const bool scientific = magnitude != 0 && (magnitude >= 1e16 || magnitude < 1e-4);
  std::array<char, 40> buffer;
  const std::to_chars_result result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    scientific ? std::chars_format::scientific : std::chars_format::fixed);
  std::string text(buffer.data(), result.ptr);
  if (!scientific && text.find('.') == std::string::npos) text += ".0";
  return text;
}

// Python's repr of a str or, with `is_bytes`, of a bytes.
std::string TextRepr(std::string_view text, bool is_bytes) {
  const bool double_quoted = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = double_quoted ? '"' : '\'';
  std::string out = is_bytes ? "b" : "";
  out += quote;
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f || (is_bytes && byte >= 0x80)) {
      absl::StrAppend(&out, "\\x", absl::Hex(byte, absl::kZeroPad2));
    } else {
      out += c;
    }
  }
  out += quote;
  return out;
}

std::string Repr(const PickleValue& value, int depth);

std::string ReprOfItems(const std::vector<PickleValue>& items, int depth) {
  if (depth >= kMaxReprDepth) return "...";
  std::string out;
  for (const PickleValue& item : items) {
    if (!out.empty()) out += ", ";
    out += Repr(item, depth + 1);
    if (out.size() > 1000) return out + ", ...";
  }
  return out;
}

// UTF-8 converted to Latin-1; absent if it has other characters.
std::optional<std::string> ToLatin1(std::string_view utf8) {
  std::string out;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const unsigned char byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x80) {
      out += utf8[i];
    } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < utf8.size()) {
      out += static_cast<char>((byte & 0x03) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3f));
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::string ReprOfObject(const PickleObject& object) {
  const PickleGlobal* const global = As<PickleGlobal>(object.callable);
  if (global == nullptr) return "<object>";
  // Protocol 2 has no opcode for bytes and writes them as this call.
  if (global->module == "_codecs" && global->name == "encode" && !object.args->items.empty()) {
    const std::string* const text = AsText(object.args->items[0]);
    const std::optional<std::string> bytes = text == nullptr ? std::nullopt : ToLatin1(*text);
    if (bytes.has_value()) return TextRepr(*bytes, /*is_bytes=*/true);
  }
  return global->FullName();
}

std::string Repr(const PickleValue& value, int depth) {
  return std::visit(
      [depth](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, PickleNone>) {
          return "None";
        } else if constexpr (std::is_same_v<T, bool>) {
          return v ? "True" : "False";
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          return absl::StrCat(v);
        } else if constexpr (std::is_same_v<T, double>) {
          return FloatRepr(v);
        } else if constexpr (std::is_same_v<T, PickleString*>) {
          return TextRepr(v->text, /*is_bytes=*/false);
        } else if constexpr (std::is_same_v<T, PickleBytes*>) {
          return v->size == v->content.size() ? TextRepr(v->content, /*is_bytes=*/true)
                                              : absl::StrCat("<bytes of ", v->size, ">");
        } else if constexpr (std::is_same_v<T, PickleBigInt*>) {
          return BigIntDigits(v->little_endian);
        } else if constexpr (std::is_same_v<T, PickleTuple*>) {
          return absl::StrCat("(", ReprOfItems(v->items, depth), v->items.size() == 1 ? ",)" : ")");
        } else if constexpr (std::is_same_v<T, PickleList*>) {
          return absl::StrCat("[", ReprOfItems(v->items, depth), "]");
        } else if constexpr (std::is_same_v<T, PickleSet*>) {
          return absl::StrCat("frozenset({", ReprOfItems(v->items, depth), "})");
        } else if constexpr (std::is_same_v<T, PickleDict*>) {
          return "{...}";
        } else if constexpr (std::is_same_v<T, PickleGlobal*>) {
          return v->FullName();
        } else if constexpr (std::is_same_v<T, PickleObject*>) {
          return ReprOfObject(*v);
        } else {
          static_assert(std::is_same_v<T, PicklePersistent*>);
          return "<persistent object>";
        }
      },
      value);
}

}  // namespace

const std::string* AsText(const PickleValue& value) {
  const PickleString* const string = As<PickleString>(value);
  return string == nullptr ? nullptr : &string->text;
}

const void* AddressOf(const PickleValue& value) {
  return std::visit(
      [](const auto& v) -> const void* {
        if constexpr (std::is_pointer_v<std::decay_t<decltype(v)>>) {
          return v;
        } else {
          return nullptr;
        }
      },
      value);
}

std::string DescribeKind(const PickleValue& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, PickleNone>) {
          return "None";
        } else if constexpr (std::is_same_v<T, bool>) {
          return "a bool";
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          return absl::StrCat("the int ", v);
        } else if constexpr (std::is_same_v<T, double>) {
          return "a float";
        } else if constexpr (std::is_same_v<T, PickleString*>) {
          return "a str";
        } else if constexpr (std::is_same_v<T, PickleBytes*>) {
          return "a bytes";
        } else if constexpr (std::is_same_v<T, PickleBigInt*>) {
          return "an int of more than 64 bits";
        } else if constexpr (std::is_same_v<T, PickleTuple*>) {
          return absl::StrCat("a tuple of ", v->items.size());
        } else if constexpr (std::is_same_v<T, PickleList*>) {
          return "a list";
        } else if constexpr (std::is_same_v<T, PickleSet*>) {
          return "a set";
        } else if constexpr (std::is_same_v<T, PickleDict*>) {
          return "a dict";
        } else if constexpr (std::is_same_v<T, PickleGlobal*>) {
          return absl::StrCat("the global ", v->FullName());
        } else if constexpr (std::is_same_v<T, PickleObject*>) {
          return absl::StrCat("an object made by ", ReprOfObject(*v));
        } else {
          return "a persistent object";
        }
      },
      value);
}

std::string KeyText(const PickleValue& key) {
  const std::string* const text = AsText(key);
  return text != nullptr ? *text : Repr(key, 0);
}

}  // namespace metaconv
