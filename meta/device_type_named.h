// DeviceTypeNamed: the device type with a given name, the inverse of c10::DeviceTypeName.
//
// Example:
//   DeviceTypeNamed("cuda");   // c10::DeviceType::CUDA
//   DeviceTypeNamed("CUDA");   // nullopt
//
// Thread safety: a pure function.
// Lifetime: retains no reference to its argument.

#ifndef METACONV_META_DEVICE_TYPE_NAMED_H_
#define METACONV_META_DEVICE_TYPE_NAMED_H_

#include <optional>
#include <string_view>

#include "c10/core/DeviceType.h"

namespace metaconv {

// `name`: in lower case, as Python prints it.
inline std::optional<c10::DeviceType> DeviceTypeNamed(std::string_view name) {
  for (int i = 0; i < c10::COMPILE_TIME_MAX_DEVICE_TYPES; ++i) {
    const auto type = static_cast<c10::DeviceType>(i);
    if (c10::DeviceTypeName(type, /*lower_case=*/true) == name) return type;
  }
  return std::nullopt;
}

}  // namespace metaconv

#endif  // METACONV_META_DEVICE_TYPE_NAMED_H_
