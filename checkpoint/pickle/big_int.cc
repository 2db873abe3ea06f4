#include "checkpoint/pickle/big_int.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace metaconv {
namespace {

constexpr std::size_t kMaxDecimalBytes = 64;

bool IsNegative(std::string_view little_endian) {
  return !little_endian.empty() && (static_cast<unsigned char>(little_endian.back()) & 0x80) != 0;
}

}  // namespace

std::optional<std::int64_t> BigIntValue(std::string_view little_endian) {
  const bool negative = IsNegative(little_endian);
  const unsigned char sign = negative ? 0xff : 0x00;
  std::uint64_t bits = negative ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < little_endian.size(); ++i) {
    const unsigned char byte = static_cast<unsigned char>(little_endian[i]);
    if (i < 8) {
      bits &= ~(std::uint64_t{0xff} << (8 * i));
      bits |= std::uint64_t{byte} << (8 * i);
    } else if (byte != sign) {
      return std::nullopt;
    }
  }
  const std::int64_t value = static_cast<std::int64_t>(bits);
  if ((value < 0) != negative) return std::nullopt;
  return value;
}

std::string BigIntDigits(std::string_view little_endian) {
  if (const std::optional<std::int64_t> value = BigIntValue(little_endian)) return absl::StrCat(*value);
  const bool negative = IsNegative(little_endian);
  std::vector<unsigned char> magnitude(little_endian.begin(), little_endian.end());
  if (negative) {
    unsigned carry = 1;
    for (unsigned char& byte : magnitude) {
      carry += static_cast<unsigned char>(~byte);
      byte = static_cast<unsigned char>(carry);
      carry >>= 8;
    }
  }
  std::reverse(magnitude.begin(), magnitude.end());
  const std::string sign = negative ? "-" : "";
  if (magnitude.size() > kMaxDecimalBytes) {
    const absl::string_view bytes(reinterpret_cast<const char*>(magnitude.data()), kMaxDecimalBytes);
    return absl::StrCat(sign, "0x", absl::BytesToHexString(bytes), "...");
  }
  std::string digits;
  while (std::any_of(magnitude.begin(), magnitude.end(), [](unsigned char byte) { return byte != 0; })) {
    unsigned remainder = 0;
    for (unsigned char& byte : magnitude) {
      const unsigned dividend = remainder * 256 + byte;
      byte = static_cast<unsigned char>(dividend / 10);
      remainder = dividend % 10;
    }
    digits += static_cast<char>('0' + remainder);
  }
  std::reverse(digits.begin(), digits.end());
  return absl::StrCat(sign, digits);
}

}  // namespace metaconv
