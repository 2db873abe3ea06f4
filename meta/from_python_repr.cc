#include "meta/from_python_repr.h"

#include <charconv>
#include <cstddef>
#include <limits>
#include <system_error>

#include "c10/core/DeviceType.h"
#include "meta/device_type_named.h"
#include "meta/python_repr.h"

namespace metaconv {
namespace {

// The value from 0 to `count` - 1 whose PythonRepr is `text`. Linear search is enough for these small enums.
template <typename T>
std::optional<T> WrittenAs(std::string_view text, int count) {
  for (int i = 0; i < count; ++i) {
    const auto value = static_cast<T>(i);
    if (PythonRepr(value) == text) return value;
  }
  return std::nullopt;
}

bool Consume(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::optional<c10::ScalarType> DtypeFromPythonRepr(std::string_view text) {
  static_assert(static_cast<int>(c10::ScalarType::Undefined) + 1 == static_cast<int>(c10::ScalarType::NumOptions),
                "c10::ScalarType::Undefined must be the last dtype");
  return WrittenAs<c10::ScalarType>(text, static_cast<int>(c10::ScalarType::Undefined));
}

std::optional<c10::Layout> LayoutFromPythonRepr(std::string_view text) {
  return WrittenAs<c10::Layout>(text, static_cast<int>(c10::Layout::NumOptions));
}

std::optional<CreationMeta> CreationMetaFromPythonRepr(std::string_view text) {
  return WrittenAs<CreationMeta>(text, static_cast<int>(CreationMeta::kInferenceMode) + 1);
}

std::optional<c10::Device> DeviceFromPythonRepr(std::string_view text) {
  if (!Consume(text, "device(type='")) return std::nullopt;
  const std::optional<c10::DeviceType> type = DeviceTypeNamed(text.substr(0, text.find('\'')));
  if (!type.has_value()) return std::nullopt;
  text.remove_prefix(text.find('\'') + 1);
  if (text == ")") return c10::Device(*type);
  if (!Consume(text, ", index=")) return std::nullopt;
  int index = 0;
  const std::from_chars_result number = std::from_chars(text.data(), text.data() + text.size(), index);
  if (number.ec != std::errc() || text.substr(static_cast<std::size_t>(number.ptr - text.data())) != ")") {
    return std::nullopt;
  }
  // LibTorch accepts no other index than 0 for the CPU.
  const int last = *type == c10::DeviceType::CPU ? 0 : std::numeric_limits<c10::DeviceIndex>::max();
  if (index < 0 || index > last) return std::nullopt;
  return c10::Device(*type, static_cast<c10::DeviceIndex>(index));
}

}  // namespace metaconv
