// The literals of pickle's text opcodes (protocol 0).
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_PICKLE_PICKLE_TEXT_H_
#define METACONV_CHECKPOINT_PICKLE_PICKLE_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace metaconv {

// A quoted Python string with its escapes, as STRING has it; absent if it is not one.
std::optional<std::string> ParseStringLiteral(std::string_view literal);

// Python's raw-unicode-escape, as UNICODE has it: Latin-1 with \uXXXX and \UXXXXXXXX. The result is UTF-8.
std::optional<std::string> ParseRawUnicodeEscape(std::string_view text);

// Decimal digits with a sign, as INT and LONG have them; absent if it is not a number.
// Numbers out of range come out as the nearest in range: none that large means anything to a checkpoint.
std::optional<std::int64_t> ParseDecimal(std::string_view text);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_PICKLE_TEXT_H_
