// Integers in a pickle that may not fit 64 bits: two's complement, little-endian, as the opcode LONG1 encodes them.
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

// Absent if the value does not fit. An empty argument is 0.
std::optional<std::int64_t> BigIntValue(std::string_view little_endian);

// In decimal. If the integer has more than 64 bytes, the first 64 in hexadecimal, since conversion to decimal takes
// time quadratic in the length.
std::string BigIntDigits(std::string_view little_endian);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_PICKLE_BIG_INT_H_
