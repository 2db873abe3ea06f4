#include "checkpoint/torch/torch_types.h"

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "c10/core/Device.h"
#include "c10/core/DeviceType.h"
#include "c10/core/ScalarType.h"
#include "meta/device_type_named.h"

namespace metaconv {
namespace {

struct StorageClass {
  std::string_view dtype;  // As c10 spells the enumerator.
  c10::ScalarType type;
};

#define METACONV_STORAGE_CLASS(unused, name) StorageClass{#name, c10::ScalarType::name},
constexpr StorageClass kStorageClasses[] = {AT_FORALL_SCALAR_TYPES_WITH_COMPLEX_AND_QINTS(METACONV_STORAGE_CLASS)};
#undef METACONV_STORAGE_CLASS

// CPU and meta have one device only, and so no index.
bool HasIndex(c10::DeviceType type) { return type != c10::DeviceType::CPU && type != c10::DeviceType::Meta; }

}  // namespace

std::optional<c10::ScalarType> DtypeNamed(std::string_view name) {
  const auto& types = c10::getStringToDtypeMap();
  const auto found = types.find(std::string(name));
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

std::optional<c10::ScalarType> StorageClassDtype(std::string_view class_name) {
  constexpr std::string_view kSuffix = "Storage";
  if (!class_name.ends_with(kSuffix)) return std::nullopt;
  class_name.remove_suffix(kSuffix.size());
  for (const StorageClass& storage : kStorageClasses) {
    if (storage.dtype == class_name) return storage.type;
  }
  return std::nullopt;
}

std::optional<c10::Device> ParseDevice(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::optional<c10::DeviceType> type = DeviceTypeNamed(text.substr(0, colon));
  if (!type.has_value()) return std::nullopt;
  int index = HasIndex(*type) ? 0 : -1;
  if (colon != std::string_view::npos) {
    const std::string_view digits = text.substr(colon + 1);
    const char* const end = digits.data() + digits.size();
    const std::from_chars_result result = std::from_chars(digits.data(), end, index);
    if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
    if (index < 0 || index > 127 || (!HasIndex(*type) && index != 0)) return std::nullopt;
  }
  return c10::Device(*type, static_cast<c10::DeviceIndex>(index));
}

}  // namespace metaconv
