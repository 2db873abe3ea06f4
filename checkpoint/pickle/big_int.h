// Integers of a pickle that may not fit 64 bits: two's complement, least significant byte first, as LONG1 has them.
//
// Example:
//   BigIntValue("\xff");         // -1
//   BigIntDigits("\xff\x00");    // "255"
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_PICKLE_BIG_INT_H_
#define METACONV_CHECKPOINT_PICKLE_BIG_INT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace metaconv {

// Absent where it does not fit. No bytes are zero.
std::optional<std::int64_t> BigIntValue(std::string_view little_endian);

// In decimal; in hexadecimal from 64 bytes on, where decimal would take time quadratic in the length.
std::string BigIntDigits(std::string_view little_endian);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_BIG_INT_H_
