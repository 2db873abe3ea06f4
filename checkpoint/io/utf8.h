// UTF-8: enough of it to write names that every reader of JSON accepts.
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_IO_UTF8_H_
#define METACONV_CHECKPOINT_IO_UTF8_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace metaconv {

void AppendUtf8(std::uint32_t code_point, std::string& out);

// `text` with every byte that is not part of well-formed UTF-8 written as "\xNN".
std::string EscapeInvalidUtf8(std::string_view text);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_UTF8_H_
