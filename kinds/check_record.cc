#include "kinds/check_record.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "meta/python_repr.h"

namespace metaconv {
namespace {

absl::Status CheckCount(const MetaTensorDesc& desc, std::string_view field, std::string_view what, std::size_t count) {
  if (static_cast<std::int64_t>(count) == desc.ndim) return absl::OkStatus();
  return Malformed(desc, field, absl::StrCat(desc.ndim, " ", std::string(what), ", as ndim says"), absl::StrCat(count));
}

absl::Status CheckDims(const MetaTensorDesc& desc, std::string_view field, const std::optional<std::int64_t>& dims) {
  if (!dims.has_value()) return Malformed(desc, field, "one for a sparse tensor", "none");
  if (*dims >= 0 && *dims <= desc.ndim) return absl::OkStatus();
  return Malformed(desc, field, absl::StrCat("0 to ", desc.ndim), absl::StrCat(*dims));
}

}  // namespace

absl::Status Malformed(const MetaTensorDesc& desc, std::string_view field, std::string_view expected,
                       std::string_view found) {
  return absl::InvalidArgumentError(absl::StrCat("record ", desc.id, ": ", std::string(field), ": expected ",
                                                 std::string(expected), ", found ", std::string(found)));
}

absl::Status CheckNotNegative(const MetaTensorDesc& desc, std::string_view field, c10::SymIntArrayRef values) {
  for (const c10::SymInt& value : values) {
    if (!value.is_heap_allocated() && value.as_int_unchecked() >= 0) continue;  // Nearly always.
    const std::optional<std::int64_t> plain = value.maybe_as_int();
    if (plain.has_value() && *plain < 0) return Malformed(desc, field, "no negative value", absl::StrCat(*plain));
  }
  return absl::OkStatus();
}

absl::Status CheckStorageRecord(const MetaStorageDesc& desc) {
  const std::optional<std::int64_t> size = desc.size.maybe_as_int();
  if (!size.has_value() || *size >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("storage ", desc.id, ": size: expected no negative value, found ", *size));
}

absl::Status CheckShape(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckCount(desc, "size", "extents", desc.size.size()); !status.ok()) return status;
  if (absl::Status status = CheckNotNegative(desc, "size", desc.size); !status.ok()) return status;
  if (desc.requires_grad && !c10::isFloatingType(desc.dtype) && !c10::isComplexType(desc.dtype)) {
    return Malformed(desc, "requires_grad", absl::StrCat("false for ", PythonRepr(desc.dtype)), "true");
  }
  if (!desc.is_leaf && !desc.requires_grad) {
    return Malformed(desc, "requires_grad", "true for a tensor that is no leaf", "false");
  }
  return absl::OkStatus();
}

absl::Status CheckStrides(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckShape(desc); !status.ok()) return status;
  if (!desc.stride.has_value()) return Malformed(desc, "stride", "one for a strided tensor", "none");
  if (absl::Status status = CheckCount(desc, "stride", "strides", desc.stride->size()); !status.ok()) return status;
  return CheckNotNegative(desc, "stride", *desc.stride);
}

absl::Status CheckStridedRecord(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckStrides(desc); !status.ok()) return status;
  if (desc.storage == nullptr) return Malformed(desc, "storage", "one for a strided tensor", "none");
  if (absl::Status status = CheckNotNegative(desc, "storage_offset", desc.storage_offset); !status.ok()) return status;
  return CheckStorageRecord(*desc.storage);
}

absl::Status CheckViewRecord(const MetaTensorDesc& desc) {
  if (desc.base == nullptr) return Malformed(desc, "base", "one for a view", "none");
  if (!desc.creation_meta.has_value()) return Malformed(desc, "creation_meta", "one for a view", "none");
  return absl::OkStatus();
}

absl::Status CheckSparseDims(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckDims(desc, "sparse_dim", desc.sparse_dim); !status.ok()) return status;
  return CheckDims(desc, "dense_dim", desc.dense_dim);
}

}  // namespace metaconv
