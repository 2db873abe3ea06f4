// Integer arithmetic that detects overflow, for numbers that come from a file. The result is absent on overflow.
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_IO_CHECKED_MATH_H_
#define METACONV_CHECKPOINT_IO_CHECKED_MATH_H_

#include <cstdint>
#include <optional>

namespace metaconv {

inline std::optional<std::int64_t> CheckedProduct(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(result);
}

inline std::optional<std::int64_t> CheckedSum(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional(result);
}

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_CHECKED_MATH_H_
