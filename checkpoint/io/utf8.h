// Encoding of UTF-8, and escaping of text that is not UTF-8, as JSON requires it of names.
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_IO_UTF8_H_
#define METACONV_CHECKPOINT_IO_UTF8_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace metaconv {

// Appends the encoding of a code point up to U+10FFFF.
void AppendUtf8(std::uint32_t code_point, std::string& out);

// `text`, in which every byte that is not part of well-formed UTF-8 is replaced by "\xNN".
std::string EscapeInvalidUtf8(std::string_view text);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_UTF8_H_
