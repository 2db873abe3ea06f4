#include "checkpoint/records/geometry.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/io/checked_math.h"
#include "checkpoint/records/sizes.h"

namespace metaconv {
namespace {

// 2 and 4 for the quantized dtypes that pack several elements into a byte of storage, else 1.
std::int64_t ElementsPerItem(c10::ScalarType dtype) {
  if (dtype == c10::ScalarType::QUInt4x2) return 2;
  if (dtype == c10::ScalarType::QUInt2x4) return 4;
  return 1;
}

absl::Status TooLarge(absl::Span<const std::int64_t> size) {
  return absl::DataLossError(
      absl::StrCat("expected a size that fits 64 bits, found (", absl::StrJoin(size, ", "), ")"));
}

}  // namespace

absl::StatusOr<std::int64_t> NumberOfElements(absl::Span<const std::int64_t> size) {
  for (const std::int64_t dimension : size) {
    if (dimension < 0)
      return absl::DataLossError(absl::StrCat("expected sizes that are not negative, found ", dimension));
  }
  if (std::find(size.begin(), size.end(), 0) != size.end()) return 0;
  std::int64_t numel = 1;
  for (const std::int64_t dimension : size) {
    const std::optional<std::int64_t> product = CheckedProduct(numel, dimension);
    if (!product.has_value()) return TooLarge(size);
    numel = *product;
  }
  return numel;
}

absl::StatusOr<std::int64_t> BytesReached(absl::Span<const std::int64_t> size, absl::Span<const std::int64_t> stride,
                                          std::int64_t storage_offset, c10::ScalarType dtype) {
  if (size.size() != stride.size()) {
    return absl::DataLossError(
        absl::StrCat("expected a stride for each size, found ", size.size(), " sizes and ", stride.size(), " strides"));
  }
  if (storage_offset < 0) {
    return absl::DataLossError(absl::StrCat("expected a storage offset that is not negative, found ", storage_offset));
  }
  for (const std::int64_t step : stride) {
    if (step < 0) return absl::DataLossError(absl::StrCat("expected strides that are not negative, found ", step));
  }
  const absl::StatusOr<std::int64_t> numel = NumberOfElements(size);
  if (!numel.ok()) return numel.status();
  const std::int64_t item_size = static_cast<std::int64_t>(c10::elementSize(dtype));
  std::optional<std::int64_t> elements = CheckedSum(storage_offset, 1);
  if (!elements.has_value() || !CheckedProduct(*elements, item_size).has_value()) {
    return absl::DataLossError(absl::StrCat("expected a storage offset that fits 64 bits, found ", storage_offset));
  }
  if (*numel == 0) return 0;
  for (std::size_t i = 0; i < size.size() && elements.has_value(); ++i) {
    const std::optional<std::int64_t> reach = CheckedProduct(size[i] - 1, stride[i]);
    elements = reach.has_value() ? CheckedSum(*elements, *reach) : std::nullopt;
  }
  if (!elements.has_value()) return TooLarge(size);
  const std::int64_t packed = ElementsPerItem(dtype);
  const std::int64_t items = *elements / packed + (*elements % packed != 0 ? 1 : 0);
  const std::optional<std::int64_t> bytes = CheckedProduct(items, item_size);
  if (!bytes.has_value()) return TooLarge(size);
  return *bytes;
}

absl::StatusOr<Sizes> ContiguousStride(absl::Span<const std::int64_t> size) {
  Sizes stride;  // From the last dimension to the first.
  std::optional<std::int64_t> step = 1;
  for (std::size_t i = size.size(); i-- > 0;) {
    if (!step.has_value()) return TooLarge(size);
    stride.push_back(*step);
    step = CheckedProduct(*step, std::max<std::int64_t>(size[i], 1));
  }
  std::reverse(stride.begin(), stride.end());
  return stride;
}

}  // namespace metaconv
