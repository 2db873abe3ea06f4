#include "checkpoint/records/sparse_spec.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "c10/core/Layout.h"
#include "c10/core/ScalarType.h"
#include "checkpoint/records/geometry.h"
#include "checkpoint/records/sizes.h"
#include "checkpoint/records/tensor_spec.h"

namespace metaconv {
namespace {

absl::Status Mismatch(std::string_view what) {
  return absl::DataLossError(absl::StrCat("expected parts of a sparse tensor that match, found ",
                                          absl::string_view(what.data(), what.size())));
}

std::string Shape(const TensorSpec& spec) { return absl::StrCat("(", absl::StrJoin(spec.size, ", "), ")"); }

// The fields that are set in the same way for COO and compressed tensors.
absl::StatusOr<TensorSpec> Start(const TensorSpec& indices, const TensorSpec& values, Sizes size) {
  if (indices.layout != c10::Layout::Strided || values.layout != c10::Layout::Strided)
    return Mismatch("parts that are sparse themselves");
  if (indices.dtype != c10::ScalarType::Long && indices.dtype != c10::ScalarType::Int) {
    return Mismatch("indices whose dtype is neither int32 nor int64");
  }
  if (const auto numel = NumberOfElements(size); !numel.ok()) return numel.status();
  TensorSpec spec;
  spec.dtype = values.dtype;
  spec.device = values.device;
  spec.size = std::move(size);
  // The constructor of sparse tensors is differentiable with respect to the values.
  spec.requires_grad = values.requires_grad;
  spec.is_leaf = !values.requires_grad;
  return spec;
}

}  // namespace

absl::StatusOr<TensorSpec> CooSpec(TensorSpec indices, TensorSpec values, Sizes size,
                                   std::optional<bool> is_coalesced) {
  absl::StatusOr<TensorSpec> spec = Start(indices, values, std::move(size));
  if (!spec.ok()) return spec.status();
  if (indices.size.size() != 2 || values.size.empty() || indices.size[1] != values.size[0]) {
    return Mismatch(absl::StrCat("indices of shape ", Shape(indices), " and values of shape ", Shape(values)));
  }
  spec->layout = c10::Layout::Sparse;
  spec->sparse_dim = indices.size[0];
  spec->dense_dim = static_cast<std::int64_t>(values.size.size()) - 1;
  const std::int64_t ndim = static_cast<std::int64_t>(spec->size.size());
  if (spec->sparse_dim > ndim || spec->dense_dim != ndim - spec->sparse_dim ||
      !std::equal(values.size.begin() + 1, values.size.end(), spec->size.begin() + spec->sparse_dim)) {
    return Mismatch(absl::StrCat("indices of shape ", Shape(indices), " and values of shape ", Shape(values),
                                 " in a tensor of shape ", Shape(*spec)));
  }
  spec->is_coalesced = is_coalesced.value_or(indices.size[1] < 2);
  spec->parts = {std::move(indices), std::move(values)};
  return spec;
}

absl::StatusOr<TensorSpec> CompressedSpec(c10::Layout layout, TensorSpec compressed_indices, TensorSpec plain_indices,
                                          TensorSpec values, Sizes size) {
  absl::StatusOr<TensorSpec> spec = Start(compressed_indices, values, std::move(size));
  if (!spec.ok()) return spec.status();
  const bool blocked = layout == c10::Layout::SparseBsr || layout == c10::Layout::SparseBsc;
  const bool by_row = layout == c10::Layout::SparseCsr || layout == c10::Layout::SparseBsr;
  const auto mismatch = [&] {
    return Mismatch(absl::StrCat("compressed indices of shape ", Shape(compressed_indices), ", plain indices of shape ",
                                 Shape(plain_indices), " and values of shape ", Shape(values), " in a tensor of shape ",
                                 Shape(*spec)));
  };
  // The first dimensions of each part are the batch dimensions. They are followed by: compressed indices [rows + 1],
  // plain indices [nnz], values [nnz, (block rows, block columns), dense dimensions…], tensor [rows, columns, dense
  // dimensions…].
  const std::size_t ndim = spec->size.size();
  const std::size_t block_dims = blocked ? 2 : 0;
  if (compressed_indices.size.empty()) return mismatch();
  const std::size_t batch = compressed_indices.size.size() - 1;
  if (plain_indices.layout != c10::Layout::Strided || plain_indices.dtype != compressed_indices.dtype ||
      plain_indices.size.size() != batch + 1 || values.size.size() < batch + 1 + block_dims || ndim < batch + 2 ||
      values.size.size() - 1 - block_dims != ndim - 2) {
    return mismatch();
  }
  const auto same = [](const Sizes& a, std::size_t a_begin, const Sizes& b, std::size_t b_begin, std::size_t count) {
    return std::equal(a.begin() + static_cast<std::ptrdiff_t>(a_begin),
                      a.begin() + static_cast<std::ptrdiff_t>(a_begin + count),
                      b.begin() + static_cast<std::ptrdiff_t>(b_begin));
  };
  const std::size_t dense = ndim - batch - 2;
  const std::size_t dense_begin = batch + 1 + block_dims;
  if (!same(compressed_indices.size, 0, spec->size, 0, batch) || !same(plain_indices.size, 0, spec->size, 0, batch) ||
      !same(values.size, 0, spec->size, 0, batch) || plain_indices.size[batch] != values.size[batch] ||
      !same(values.size, dense_begin, spec->size, batch + 2, dense)) {
    return mismatch();
  }
  const std::size_t compressed_dim = by_row ? batch : batch + 1;
  const std::int64_t block = blocked ? values.size[batch + (by_row ? 1 : 2)] : 1;
  if (block <= 0 || compressed_indices.size[batch] != spec->size[compressed_dim] / block + 1) return mismatch();
  spec->layout = layout;
  spec->sparse_dim = 2;
  spec->dense_dim = static_cast<std::int64_t>(dense);
  spec->parts.push_back(std::move(compressed_indices));
  spec->parts.push_back(std::move(plain_indices));
  spec->parts.push_back(std::move(values));
  return spec;
}

}  // namespace metaconv
