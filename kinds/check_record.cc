#include "kinds/check_record.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "ATen/EmptyTensor.h"
#include "absl/strings/str_cat.h"
#include "meta/python_repr.h"
#include "meta/same_value.h"
#include "meta/sparse_layout.h"

namespace metaconv {
namespace {

absl::Status CheckCount(const MetaTensorDesc& desc, std::string_view field, std::string_view what, std::size_t count) {
  if (static_cast<std::int64_t>(count) == desc.ndim()) return absl::OkStatus();
  return Malformed(desc, field, absl::StrCat(desc.ndim(), " ", std::string(what), " (ndim)"), absl::StrCat(count));
}

absl::Status CheckDims(const MetaTensorDesc& desc, std::string_view field, const std::optional<std::int64_t>& dims) {
  if (!dims.has_value()) return Malformed(desc, field, "a value for a sparse tensor", "none");
  if (*dims >= 0 && *dims <= desc.ndim()) return absl::OkStatus();
  return Malformed(desc, field, absl::StrCat("0 to ", desc.ndim()), absl::StrCat(*dims));
}

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

// Computes the number of elements of a shape and the storage offset of its last element. LibTorch computes both in 64
// bits and throws on overflow, so overflow is rejected here.
class ElementSums {
 public:
  explicit ElementSums(std::int64_t storage_offset) : last_(storage_offset) {}

  void AddDimension(std::int64_t extent, std::int64_t stride) {
    std::int64_t step = 0;
    is_empty_ |= extent == 0;
    has_too_many_ |= __builtin_mul_overflow(count_, extent, &count_);
    is_too_far_ |= __builtin_mul_overflow(extent - 1, stride, &step) || __builtin_add_overflow(last_, step, &last_);
  }

  bool CanCountElements() const { return !has_too_many_; }
  // A shape without elements uses no bytes.
  bool CanCountBytes(c10::ScalarType dtype) const {
    return is_empty_ || (!is_too_far_ && last_ < kMost / static_cast<std::int64_t>(c10::elementSize(dtype)));
  }

 private:
  std::int64_t count_ = 1;
  std::int64_t last_;
  bool is_empty_ = false;
  bool has_too_many_ = false;
  bool is_too_far_ = false;
};

// Symbolic extents are treated as 1, symbolic strides and offsets as 0.
ElementSums SumsOf(const MetaTensorDesc& desc, c10::SymIntArrayRef stride) {
  ElementSums sums(desc.storage_offset.maybe_as_int().value_or(0));
  for (std::size_t i = 0; i < desc.size.size(); ++i) {
    sums.AddDimension(desc.size[i].maybe_as_int().value_or(1),
                      i < stride.size() ? stride[i].maybe_as_int().value_or(0) : 0);
  }
  return sums;
}

absl::Status CheckElementCount(const MetaTensorDesc& desc) {
  if (SumsOf(desc, {}).CanCountElements()) return absl::OkStatus();
  return Malformed(desc, "size", absl::StrCat("at most ", kMost, " elements"), "more");
}

absl::Status CheckReach(const MetaTensorDesc& desc) {
  if (SumsOf(desc, *desc.stride).CanCountBytes(desc.dtype)) return absl::OkStatus();
  return Malformed(desc, "stride", absl::StrCat("a tensor of at most ", kMost, " bytes"), "a larger one");
}

bool CanRequireGrad(c10::ScalarType dtype) { return c10::isFloatingType(dtype) || c10::isComplexType(dtype); }

// A fast path for CheckStridedRecord: returns true if all of its conditions hold and all values are plain integers,
// which is the common case. If it returns false, the individual checks find the reason, if there is one.
bool IsPlainAndFine(const MetaTensorDesc& desc) {
  const auto ndim = static_cast<std::size_t>(desc.ndim());
  if (desc.requires_grad ? !CanRequireGrad(desc.dtype) : !desc.is_leaf) return false;
  if (desc.size.size() != ndim) return false;
  if (!desc.stride.has_value() || desc.stride->size() != ndim || !desc.storage.has_value()) return false;
  const auto is_count = [](const c10::SymInt& value) {
    return !value.is_heap_allocated() && value.as_int_unchecked() >= 0;
  };
  if (!is_count(desc.storage_offset) || !is_count(desc.storage->size)) return false;
  ElementSums sums(desc.storage_offset.as_int_unchecked());
  for (std::size_t i = 0; i < ndim; ++i) {
    const c10::SymInt& extent = desc.size[i];
    const c10::SymInt& stride = (*desc.stride)[i];
    if (!is_count(extent) || !is_count(stride)) return false;
    sums.AddDimension(extent.as_int_unchecked(), stride.as_int_unchecked());
  }
  return sums.CanCountElements() && sums.CanCountBytes(desc.dtype);
}

}  // namespace

absl::Status Malformed(const MetaTensorDesc& desc, std::string_view field, std::string_view expected,
                       std::string_view found) {
  return absl::InvalidArgumentError(absl::StrCat("record ", desc.id, ": ", std::string(field), ": expected ",
                                                 std::string(expected), ", found ", std::string(found)));
}

absl::Status CheckNotNegative(const MetaTensorDesc& desc, std::string_view field, c10::SymIntArrayRef values) {
  for (const c10::SymInt& value : values) {
    if (!value.is_heap_allocated() && value.as_int_unchecked() >= 0) continue;  // The common case.
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
  if (absl::Status status = CheckElementCount(desc); !status.ok()) return status;
  if (desc.requires_grad && !CanRequireGrad(desc.dtype)) {
    return Malformed(desc, "requires_grad", absl::StrCat("false for ", PythonRepr(desc.dtype)), "true");
  }
  if (!desc.is_leaf && !desc.requires_grad) {
    return Malformed(desc, "requires_grad", "true for a tensor that is not a leaf", "false");
  }
  return absl::OkStatus();
}

absl::Status CheckStrides(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckShape(desc); !status.ok()) return status;
  if (!desc.stride.has_value()) return Malformed(desc, "stride", "strides for a strided tensor", "none");
  if (absl::Status status = CheckCount(desc, "stride", "strides", desc.stride->size()); !status.ok()) return status;
  if (absl::Status status = CheckNotNegative(desc, "stride", *desc.stride); !status.ok()) return status;
  if (absl::Status status = CheckNotNegative(desc, "storage_offset", desc.storage_offset); !status.ok()) return status;
  return CheckReach(desc);
}

absl::Status CheckStridedRecord(const MetaTensorDesc& desc) {
  if (IsPlainAndFine(desc)) return absl::OkStatus();
  if (absl::Status status = CheckStrides(desc); !status.ok()) return status;
  if (!desc.storage.has_value()) return Malformed(desc, "storage", "a storage for a strided tensor", "none");
  return CheckStorageRecord(*desc.storage);
}

absl::Status CheckWithinStorage(const MetaTensorDesc& desc, const c10::SymInt& nbytes) {
  const c10::SymInt needed =
      at::detail::computeStorageNbytes(desc.size, *desc.stride, c10::elementSize(desc.dtype), desc.storage_offset);
  const std::optional<std::int64_t> plain_needed = needed.maybe_as_int();
  const std::optional<std::int64_t> plain_nbytes = nbytes.maybe_as_int();
  if (!plain_needed.has_value() || !plain_nbytes.has_value() || *plain_needed <= *plain_nbytes) return absl::OkStatus();
  return Malformed(desc, "storage.size", absl::StrCat("at least ", *plain_needed, " bytes"),
                   absl::StrCat(*plain_nbytes));
}

absl::Status CheckViewRecord(const MetaTensorDesc& desc) {
  if (desc.base == nullptr) return Malformed(desc, "base", "a base for a view", "none");
  if (desc.base->is_view) return Malformed(desc, "base", "a tensor that is not a view", "a view");
  if (desc.is_inference != desc.base->is_inference) {
    return Malformed(desc, "is_inference", "the value of the base", desc.is_inference ? "true" : "false");
  }
  if (!desc.creation_meta.has_value()) return Malformed(desc, "creation_meta", "a value for a view", "none");
  return absl::OkStatus();
}

absl::Status CheckUnwrapped(const MetaTensorDesc& desc, c10::SymIntArrayRef size) {
  const MetaTensorDesc& unwrapped = *desc.functorch().unwrapped;
  if (desc.dtype != unwrapped.dtype) {
    return Malformed(desc, "dtype", absl::StrCat(PythonRepr(unwrapped.dtype), ", the dtype of the wrapped tensor"),
                     PythonRepr(desc.dtype));
  }
  if (SameValue(desc.size, size)) return absl::OkStatus();
  return Malformed(desc, "size", "the size of the wrapped tensor", "a different one");
}

absl::Status CheckNoView(const MetaTensorDesc& desc) {
  if (desc.is_view) return Malformed(desc, "is_view", "false for a tensor of this kind", "true");
  if (desc.storage_offset.maybe_as_int() == 0) return absl::OkStatus();
  return Malformed(desc, "storage_offset", "0 for a tensor of this kind", PythonRepr(desc.storage_offset));
}

absl::Status CheckLayout(const MetaTensorDesc& desc) {
  if (desc.is_nested && desc.layout != c10::Layout::Strided) {
    return Malformed(desc, "is_nested", absl::StrCat("false for ", PythonRepr(desc.layout)), "true");
  }
  if (desc.is_sparse == IsSparseCoo(desc.layout)) return absl::OkStatus();
  return Malformed(desc, "is_sparse",
                   absl::StrCat(desc.is_sparse ? "false for " : "true for ", PythonRepr(desc.layout)),
                   desc.is_sparse ? "true" : "false");
}

absl::Status CheckSparseDims(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckDims(desc, "sparse_dim", desc.sparse().sparse_dim); !status.ok()) return status;
  return CheckDims(desc, "dense_dim", desc.sparse().dense_dim);
}

}  // namespace metaconv
