#include "kinds/sparse_compressed.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "ATen/EmptyTensor.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/_sparse_compressed_tensor_unsafe.h"
#include "ATen/ops/_sparse_compressed_tensor_with_dims.h"
#include "ATen/ops/_validate_sparse_compressed_tensor_args.h"
#include "absl/strings/str_cat.h"
#include "c10/core/TensorOptions.h"
#include "kinds/check_record.h"
#include "kinds/compressed_parts.h"
#include "kinds/manual_view.h"
#include "kinds/new_sparse.h"
#include "kinds/require_grad.h"
#include "kinds/sparse_parts.h"
#include "meta/python_repr.h"
#include "meta/sparse_dims.h"

namespace metaconv {
namespace {

bool IsByRow(c10::Layout layout) { return layout == c10::Layout::SparseCsr || layout == c10::Layout::SparseBsr; }
bool IsBlocked(c10::Layout layout) { return layout == c10::Layout::SparseBsr || layout == c10::Layout::SparseBsc; }

constexpr std::int64_t kSparseDims = 2;

std::int64_t BatchDims(const MetaTensorDesc& desc) { return desc.ndim() - kSparseDims - *desc.sparse().dense_dim; }

absl::Status CheckIndices(const MetaTensorDesc& desc, const char* field, const MetaTensorDescPtr& indices) {
  if (indices == nullptr) return Malformed(desc, field, "indices for this layout", "none");
  if (indices->dtype == c10::kInt || indices->dtype == c10::kLong) return absl::OkStatus();
  return Malformed(desc, absl::StrCat(field, ".dtype"), "torch.int32 or torch.int64", PythonRepr(indices->dtype));
}

absl::Status CheckAllIndices(const MetaTensorDesc& desc) {
  const bool by_row = IsByRow(desc.layout);
  if (absl::Status status = by_row ? CheckIndices(desc, "crow_indices", desc.sparse().crow_indices)
                                   : CheckIndices(desc, "ccol_indices", desc.sparse().ccol_indices);
      !status.ok()) {
    return status;
  }
  return by_row ? CheckIndices(desc, "col_indices", desc.sparse().col_indices)
                : CheckIndices(desc, "row_indices", desc.sparse().row_indices);
}

// Checks the two block sizes, which are the sizes of the values after the batch dimensions and the number of elements.
absl::Status CheckBlocks(const MetaTensorDesc& desc) {
  for (std::int64_t i = 0; i < kSparseDims; ++i) {
    const auto dim = static_cast<std::size_t>(BatchDims(desc) + i);
    const std::optional<std::int64_t> block = desc.sparse().values->size[dim + 1].maybe_as_int();
    const std::optional<std::int64_t> extent = desc.size[dim].maybe_as_int();
    if (!block.has_value() || *block <= 0) {
      return Malformed(desc, "values.size", "blocks of at least one element",
                       PythonRepr(desc.sparse().values->size[dim + 1]));
    }
    if (extent.has_value() && *extent % *block != 0) {
      return Malformed(desc, "values.size", absl::StrCat("a block size that divides ", *extent), absl::StrCat(*block));
    }
  }
  return absl::OkStatus();
}

at::DimVector BlockSize(const MetaTensorDesc& desc) {
  if (!IsBlocked(desc.layout)) return {};
  const auto first = static_cast<std::size_t>(BatchDims(desc) + 1);
  return {*desc.sparse().values->size[first].maybe_as_int(), *desc.sparse().values->size[first + 1].maybe_as_int()};
}

// Checks that LibTorch can count the bytes of the compressed indices. There is one index for each row, or column, of
// blocks, and one more, in each matrix of the batch.
absl::Status CheckIndexBytes(const MetaTensorDesc& desc) {
  const bool by_row = IsByRow(desc.layout);
  const at::DimVector block = BlockSize(desc);
  const auto batch_dims = static_cast<std::size_t>(BatchDims(desc));
  const std::size_t compressed_dim = by_row ? 0 : 1;
  std::int64_t rows = desc.size[batch_dims + compressed_dim].maybe_as_int().value_or(0);
  if (!block.empty()) rows /= block[compressed_dim];
  std::int64_t bytes = 1;
  bool is_too_large = __builtin_add_overflow(rows, 1, &rows);
  for (std::size_t i = 0; i < batch_dims; ++i) {
    is_too_large |= __builtin_mul_overflow(bytes, desc.size[i].maybe_as_int().value_or(1), &bytes);
  }
  const MetaTensorDesc& indices = by_row ? *desc.sparse().crow_indices : *desc.sparse().ccol_indices;
  is_too_large |= __builtin_mul_overflow(bytes, rows, &bytes);
  is_too_large |= __builtin_mul_overflow(bytes, static_cast<std::int64_t>(c10::elementSize(indices.dtype)), &bytes);
  if (!is_too_large) return absl::OkStatus();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return Malformed(desc, "size", absl::StrCat("compressed indices of at most ", kMost, " bytes"), "more");
}

absl::Status Check(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckShape(desc); !status.ok()) return status;
  if (absl::Status status = CheckSparseDims(desc); !status.ok()) return status;
  if (*desc.sparse().sparse_dim != kSparseDims || BatchDims(desc) < 0) {
    return Malformed(desc, "sparse_dim",
                     absl::StrCat("2 of ", desc.ndim(), " dimensions beside ", *desc.sparse().dense_dim, " dense ones"),
                     absl::StrCat(*desc.sparse().sparse_dim));
  }
  if (absl::Status status = CheckAllIndices(desc); !status.ok()) return status;
  if (desc.sparse().values == nullptr)
    return Malformed(desc, "values", "values for a sparse compressed tensor", "none");
  const std::int64_t value_dims =
      BatchDims(desc) + 1 + (IsBlocked(desc.layout) ? kSparseDims : 0) + *desc.sparse().dense_dim;
  if (static_cast<std::int64_t>(desc.sparse().values->size.size()) != value_dims) {
    return Malformed(desc, "values.size", absl::StrCat(value_dims, " extents"),
                     absl::StrCat(desc.sparse().values->size.size()));
  }
  if (absl::Status status = CheckNotNegative(desc, "values.size", desc.sparse().values->size); !status.ok())
    return status;
  if (IsBlocked(desc.layout)) {
    if (absl::Status status = CheckBlocks(desc); !status.ok()) return status;
  }
  if (absl::Status status = CheckIndexBytes(desc); !status.ok()) return status;
  return desc.is_view ? CheckViewRecord(desc) : absl::OkStatus();
}

// Creates the same tensor as the operator in Empty below, without operators.
at::Tensor EmptyMeta(const MetaTensorDesc& desc, c10::ScalarType index_type, c10::IntArrayRef size) {
  const auto batch_dims = static_cast<std::size_t>(BatchDims(desc));
  const at::DimVector block = BlockSize(desc);
  const std::size_t compressed_dim = IsByRow(desc.layout) ? 0 : 1;
  const at::DimVector batch(size.begin(), size.begin() + batch_dims);
  at::DimVector compressed_size = batch;
  const std::int64_t extent = size[batch_dims + compressed_dim] / (block.empty() ? 1 : block[compressed_dim]);
  compressed_size.push_back(extent + 1);
  at::DimVector plain_size = batch;
  plain_size.push_back(0);
  at::DimVector value_size = plain_size;
  value_size.append(block.begin(), block.end());
  value_size.append(size.begin() + batch_dims + kSparseDims, size.end());

  return NewSparseCompressed(desc.layout, size,
                             {.compressed_indices = at::detail::empty_meta(compressed_size, index_type),
                              .plain_indices = at::detail::empty_meta(plain_size, index_type),
                              .values = at::detail::empty_meta(value_size, desc.dtype)});
}

at::Tensor Empty(const MetaTensorDesc& desc, c10::Device device) {
  const MetaTensorDesc& indices = IsByRow(desc.layout) ? *desc.sparse().crow_indices : *desc.sparse().ccol_indices;
  const c10::IntArrayRef size = C10_AS_INTARRAYREF_SLOW(c10::SymIntArrayRef(desc.size));
  if (device.is_meta()) return EmptyMeta(desc, indices.dtype, size);
  return at::_sparse_compressed_tensor_with_dims(
      /*nnz=*/0, *desc.sparse().dense_dim, size, BlockSize(desc), indices.dtype,
      at::device(device).dtype(desc.dtype).layout(desc.layout));
}

absl::StatusOr<at::Tensor> FromParts(Conversion& conversion, const MetaTensorDesc& desc) {
  const bool by_row = IsByRow(desc.layout);
  const absl::StatusOr<at::Tensor> compressed =
      by_row ? BuildPart(conversion, desc, "crow_indices", desc.sparse().crow_indices)
             : BuildPart(conversion, desc, "ccol_indices", desc.sparse().ccol_indices);
  if (!compressed.ok()) return compressed;
  const absl::StatusOr<at::Tensor> plain = by_row
                                               ? BuildPart(conversion, desc, "col_indices", desc.sparse().col_indices)
                                               : BuildPart(conversion, desc, "row_indices", desc.sparse().row_indices);
  if (!plain.ok()) return plain;
  const absl::StatusOr<at::Tensor> values = BuildPart(conversion, desc, "values", desc.sparse().values);
  if (!values.ok()) return values;
  return CheckedParts(desc, [&] {
    const at::IntArrayRef size = C10_AS_INTARRAYREF_SLOW(c10::SymIntArrayRef(desc.size));
    if (values->is_cpu()) {
      at::_validate_sparse_compressed_tensor_args(*compressed, *plain, *values, size, desc.layout);
    }
    return at::_sparse_compressed_tensor_unsafe(*compressed, *plain, *values, size,
                                                values->options().dtype(desc.dtype).layout(desc.layout));
  });
}

}  // namespace

absl::Status DescribeSparseCompressed(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
  description.Identify(tensor, desc);
  const SparseDims dims = SparseDimsOf(tensor);
  SparseFields& fields = desc.edit_sparse();
  fields.sparse_dim = dims.sparse;
  fields.dense_dim = dims.dense;
  if (!description.recurse()) return absl::OkStatus();
  const bool by_row = IsByRow(desc.layout);
  return DescribeCompressedParts(description, description.keeps_data() ? WithData(tensor) : tensor,
                                 by_row ? fields.crow_indices : fields.ccol_indices,
                                 by_row ? fields.col_indices : fields.row_indices, fields.values);
}

absl::StatusOr<at::Tensor> BuildSparseCompressed(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = Check(desc); !status.ok()) return status;
  absl::StatusOr<at::Tensor> tensor =
      conversion.keeps_elements() ? FromParts(conversion, desc)
                                  : conversion.Allocate([&] { return Empty(desc, conversion.device()); }, desc.device);
  if (!tensor.ok() || !desc.is_view) return tensor.ok() ? RequireGrad(desc, *std::move(tensor)) : tensor;
  // A transposed sparse compressed tensor is a view of the original tensor.
  const absl::StatusOr<at::Tensor> base = conversion.Convert(*desc.base);
  if (!base.ok()) return base;
  return ManualView(*base, *tensor, desc);
}

}  // namespace metaconv
