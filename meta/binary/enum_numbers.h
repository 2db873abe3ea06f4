// IsDtype and others: whether a number in a file is one of LibTorch's.
//
// Example:
//   if (IsDtype(number)) desc.dtype = static_cast<c10::ScalarType>(number);
//
// Thread safety: pure functions.
// Lifetime: plain values.

#ifndef METACONV_META_BINARY_ENUM_NUMBERS_H_
#define METACONV_META_BINARY_ENUM_NUMBERS_H_

#include <cstdint>

#include "c10/core/DeviceType.h"
#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"
#include "meta/creation_meta.h"

namespace metaconv::binary {

static_assert(static_cast<int>(c10::ScalarType::Undefined) + 1 == static_cast<int>(c10::ScalarType::NumOptions),
              "c10::ScalarType::Undefined must be the last dtype");
static_assert(static_cast<int>(c10::ScalarType::NumOptions) < 256 && static_cast<int>(c10::Layout::NumOptions) < 256,
              "numbers of dtypes and layouts must fit in a byte");

inline bool IsDtype(std::uint8_t number) { return number < static_cast<int>(c10::ScalarType::Undefined); }
inline bool IsLayout(std::uint8_t number) { return number < static_cast<int>(c10::Layout::NumOptions); }
inline bool IsCreationMeta(std::uint8_t number) { return number <= static_cast<int>(CreationMeta::kInferenceMode); }

// LibTorch accepts no other index than 0 for the CPU.
inline bool IsDevice(std::uint8_t type, std::int8_t index) {
  return type < c10::COMPILE_TIME_MAX_DEVICE_TYPES && index >= -1 &&
         (type != static_cast<int>(c10::DeviceType::CPU) || index <= 0);
}

}  // namespace metaconv::binary

#endif  // METACONV_META_BINARY_ENUM_NUMBERS_H_
