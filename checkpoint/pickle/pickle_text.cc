#include "checkpoint/pickle/pickle_text.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "checkpoint/io/utf8.h"

namespace metaconv {
namespace {

std::string_view StripWhitespace(std::string_view text) {
  const absl::string_view stripped = absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size()));
  return std::string_view(stripped.data(), stripped.size());
}

// The number of `count` hexadecimal digits at the start of `text`.
std::optional<std::uint32_t> ParseHex(std::string_view text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  std::uint32_t value = 0;
  const std::from_chars_result result = std::from_chars(text.data(), text.data() + count, value, 16);
  if (result.ec != std::errc() || result.ptr != text.data() + count) return std::nullopt;
  return value;
}

// Appends the character of the escape sequence after a backslash, and removes the sequence from `text`.
bool AppendEscape(std::string_view& text, std::string& out) {
  if (text.empty()) return false;
  const char kind = text[0];
  if (kind >= '0' && kind <= '7') {
    unsigned value = 0;
    for (int i = 0; i < 3 && !text.empty() && text[0] >= '0' && text[0] <= '7'; ++i) {
      value = value * 8 + static_cast<unsigned>(text[0] - '0');
      text.remove_prefix(1);
    }
    out += static_cast<char>(value);
    return true;
  }
  text.remove_prefix(1);
  switch (kind) {
    case 'x': {
      const std::optional<std::uint32_t> value = ParseHex(text, 2);
      if (!value.has_value()) return false;
      text.remove_prefix(2);
      out += static_cast<char>(*value);
      return true;
    }
    case 'a':
      out += '\a';
      return true;
    case 'b':
      out += '\b';
      return true;
    case 'f':
      out += '\f';
      return true;
    case 'n':
      out += '\n';
      return true;
    case 'r':
      out += '\r';
      return true;
    case 't':
      out += '\t';
      return true;
    case 'v':
      out += '\v';
      return true;
    case '\\':
    case '\'':
    case '"':
      out += kind;
      return true;
    default:  // As in Python, the backslash of an unknown escape sequence is kept.
      out += '\\';
      out += kind;
      return true;
  }
}

}  // namespace

std::optional<std::string> ParseStringLiteral(std::string_view literal) {
  literal = StripWhitespace(literal);
  if (literal.size() < 2 || literal.front() != literal.back()) return std::nullopt;
  if (literal.front() != '\'' && literal.front() != '"') return std::nullopt;
  literal = literal.substr(1, literal.size() - 2);
  std::string out;
  while (!literal.empty()) {
    const char c = literal[0];
    literal.remove_prefix(1);
    if (c != '\\') {
      out += c;
    } else if (!AppendEscape(literal, out)) {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<std::string> ParseRawUnicodeEscape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t digits = text.starts_with("\\u") ? 4 : text.starts_with("\\U") ? 8 : 0;
    if (digits == 0) {
      AppendUtf8(static_cast<unsigned char>(text[0]), out);
      text.remove_prefix(1);
      continue;
    }
    const std::optional<std::uint32_t> code_point = ParseHex(text.substr(2), digits);
    if (!code_point.has_value() || *code_point > 0x10ffff) return std::nullopt;
    AppendUtf8(*code_point, out);
    text.remove_prefix(2 + digits);
  }
  return out;
}

std::optional<std::int64_t> ParseDecimal(std::string_view text) {
  text = StripWhitespace(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::int64_t value = 0;
  const std::from_chars_result result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ptr != text.data() + text.size()) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range) {
    return text.starts_with('-') ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  }
  if (result.ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace metaconv
