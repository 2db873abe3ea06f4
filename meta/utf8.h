// IsUtf8: whether text is well-formed UTF-8, which JSON requires of names.
//
// Example:
//   if (!IsUtf8(name)) return absl::DataLossError("expected UTF-8");
//
// Thread safety: pure functions.
// Lifetime: retains no reference to its argument.

#ifndef METACONV_META_UTF8_H_
#define METACONV_META_UTF8_H_

#include <cstddef>
#include <string_view>

namespace metaconv {

bool IsUtf8(std::string_view text);

// The length in bytes of the well-formed sequence at the start of `text`; 0 if there is none.
std::size_t Utf8SequenceLength(std::string_view text);

// Whether all bytes are below 0x80, and so the text and each part of it is UTF-8.
bool IsAscii(std::string_view text);

}  // namespace metaconv

#endif  // METACONV_META_UTF8_H_
