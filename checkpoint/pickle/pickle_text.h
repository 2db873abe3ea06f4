// Parsers for the arguments of the text opcodes (pickle protocol 0).
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_PICKLE_PICKLE_TEXT_H_
#define METACONV_CHECKPOINT_PICKLE_PICKLE_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace metaconv {

// The argument of STRING: a quoted Python string literal with escapes. Absent if it is malformed.
std::optional<std::string> ParseStringLiteral(std::string_view literal);

// The argument of UNICODE, in Python's encoding raw-unicode-escape: Latin-1 with \uXXXX and \UXXXXXXXX. The result is
// UTF-8; absent if it is malformed.
std::optional<std::string> ParseRawUnicodeEscape(std::string_view text);

// The argument of INT and LONG: decimal digits, optionally with a sign. Absent if it is malformed. A number out of
// range becomes the nearest one in range, since a checkpoint uses no such number.
std::optional<std::int64_t> ParseDecimal(std::string_view text);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_PICKLE_TEXT_H_
