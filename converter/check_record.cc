#include "converter/check_record.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "meta/python_repr.h"

namespace metaconv {
namespace {

absl::Status Malformed(const MetaTensorDesc& desc, std::string_view field, const std::string& expected,
                       const std::string& found) {
  return absl::InvalidArgumentError(
      absl::StrCat("record ", desc.id, ": ", std::string(field), ": expected ", expected, ", found ", found));
}

// Symbolic values are whatever their guards allow.
absl::Status CheckNotNegative(const MetaTensorDesc& desc, std::string_view field, c10::SymIntArrayRef values) {
  for (const c10::SymInt& value : values) {
    if (!value.is_heap_allocated() && value.as_int_unchecked() >= 0) continue;  // Nearly always.
    const std::optional<std::int64_t> plain = value.maybe_as_int();
    if (plain.has_value() && *plain < 0) return Malformed(desc, field, "no negative value", absl::StrCat(*plain));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckStorageRecord(const MetaStorageDesc& desc) {
  const std::optional<std::int64_t> size = desc.size.maybe_as_int();
  if (!size.has_value() || *size >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("storage ", desc.id, ": size: expected no negative value, found ", *size));
}

absl::Status CheckStridedRecord(const MetaTensorDesc& desc) {
  const auto ndim = static_cast<std::size_t>(desc.ndim);
  if (desc.size.size() != ndim) {
    return Malformed(desc, "size", absl::StrCat(desc.ndim, " extents, as ndim says"), absl::StrCat(desc.size.size()));
  }
  if (!desc.stride.has_value()) return Malformed(desc, "stride", "one for a strided tensor", "none");
  if (desc.stride->size() != ndim) {
    return Malformed(desc, "stride", absl::StrCat(desc.ndim, " strides, as ndim says"),
                     absl::StrCat(desc.stride->size()));
  }
  if (desc.storage == nullptr) return Malformed(desc, "storage", "one for a strided tensor", "none");
  if (absl::Status status = CheckNotNegative(desc, "size", desc.size); !status.ok()) return status;
  if (absl::Status status = CheckNotNegative(desc, "stride", *desc.stride); !status.ok()) return status;
  if (absl::Status status = CheckNotNegative(desc, "storage_offset", desc.storage_offset); !status.ok()) {
    return status;
  }
  if (desc.requires_grad && !c10::isFloatingType(desc.dtype) && !c10::isComplexType(desc.dtype)) {
    return Malformed(desc, "requires_grad", absl::StrCat("false for ", PythonRepr(desc.dtype)), "true");
  }
  if (!desc.is_leaf && !desc.requires_grad) {
    return Malformed(desc, "requires_grad", "true for a tensor that is no leaf", "false");
  }
  return CheckStorageRecord(*desc.storage);
}

absl::Status CheckViewRecord(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckStridedRecord(desc); !status.ok()) return status;
  if (desc.base == nullptr) return Malformed(desc, "base", "one for a view", "none");
  if (!desc.creation_meta.has_value()) return Malformed(desc, "creation_meta", "one for a view", "none");
  return absl::OkStatus();
}

}  // namespace metaconv
