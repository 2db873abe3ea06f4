#include "kinds/nested.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "ATen/NestedTensorImpl.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros.h"
#include "absl/strings/str_cat.h"
#include "c10/core/TensorOptions.h"
#include "kinds/check_record.h"
#include "kinds/functorch_stack.h"
#include "kinds/manual_view.h"
#include "kinds/require_grad.h"

namespace metaconv {
namespace {

using Rows = std::vector<std::vector<std::int64_t>>;

std::vector<std::int64_t> Row(const at::Tensor& values) {
  const at::Tensor plain = values.to(at::kCPU, at::kLong).contiguous();
  const auto* data = plain.const_data_ptr<std::int64_t>();
  return {data, data + plain.numel()};
}

Rows AllRows(const at::Tensor& values, std::int64_t count) {
  Rows rows;
  for (std::int64_t i = 0; i < count; ++i) rows.push_back(values.dim() == 2 ? Row(values.select(0, i)) : Row(values));
  return rows;
}

// LibTorch stores a matrix of shape [components, dimensions], or a scalar if there are no components.
at::Tensor Matrix(const Rows& rows, std::int64_t columns) {
  if (rows.empty()) return at::zeros({}, at::kLong);
  at::Tensor matrix = at::empty({static_cast<std::int64_t>(rows.size()), columns}, at::kLong);
  auto* data = matrix.mutable_data_ptr<std::int64_t>();
  for (const std::vector<std::int64_t>& row : rows) data = std::copy(row.begin(), row.end(), data);
  return matrix;
}

absl::Status CheckRows(const MetaTensorDesc& desc, const char* field, const Rows& rows) {
  if (rows.size() != desc.nested().offsets.size()) {
    return Malformed(desc, field, absl::StrCat(desc.nested().offsets.size(), " components (as nested_offsets)"),
                     absl::StrCat(rows.size()));
  }
  for (const std::vector<std::int64_t>& row : rows) {
    if (static_cast<std::int64_t>(row.size()) + 1 != desc.ndim()) {
      return Malformed(desc, field, absl::StrCat("ndim - 1 = ", desc.ndim() - 1, " values for each component"),
                       absl::StrCat(row.size()));
    }
    for (const std::int64_t value : row) {
      if (value < 0) return Malformed(desc, field, "no negative value", absl::StrCat(value));
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const MetaTensorDesc& desc) {
  if (!desc.size.empty()) return Malformed(desc, "size", "none for a nested tensor", absl::StrCat(desc.size.size()));
  if (desc.stride.has_value()) return Malformed(desc, "stride", "none for a nested tensor", "strides");
  if (desc.ndim() < 1) return Malformed(desc, "ndim", "1 or more for a nested tensor", absl::StrCat(desc.ndim()));
  // The other fields are checked with the shape of a scalar.
  MetaTensorDesc without_shape = {.id = desc.id, .dtype = desc.dtype, .is_leaf = desc.is_leaf};
  without_shape.requires_grad = desc.requires_grad;
  if (absl::Status status = CheckShape(without_shape); !status.ok()) return status;
  if (!desc.storage.has_value()) return Malformed(desc, "storage", "the storage of the buffer", "none");
  if (absl::Status status = CheckStorageRecord(*desc.storage); !status.ok()) return status;
  if (absl::Status status = CheckRows(desc, "nested_sizes", desc.nested().sizes); !status.ok()) return status;
  if (absl::Status status = CheckRows(desc, "nested_strides", desc.nested().strides); !status.ok()) return status;
  for (const std::int64_t offset : desc.nested().offsets) {
    if (offset < 0) return Malformed(desc, "nested_offsets", "no negative value", absl::StrCat(offset));
  }
  return desc.is_view ? CheckViewRecord(desc) : absl::OkStatus();
}

// The record of a one-dimensional strided tensor that covers the whole storage of the nested tensor.
MetaTensorDesc Buffer(const MetaTensorDesc& desc) {
  MetaTensorDesc buffer = {.id = desc.id, .dtype = desc.dtype, .device = desc.device};
  buffer.size = {desc.storage->size / static_cast<std::int64_t>(c10::elementSize(desc.dtype))};
  buffer.stride = SymSizes{1};
  buffer.storage = desc.storage;
  return buffer;
}

// A nested tensor on the storage of `buffer`. The constructor of NestedTensorImpl accepts some devices only, so it gets
// an empty CPU storage, which is replaced afterwards.
at::Tensor OnStorageOf(const at::Tensor& buffer, const MetaTensorDesc& desc) {
  const c10::DispatchKey dense = c10::computeDispatchKey(desc.dtype, c10::kStrided, buffer.storage().device());
  const c10::DispatchKeySet keys =
      c10::DispatchKeySet(c10::toBackendComponent(dense)) |
      c10::DispatchKeySet({c10::DispatchKey::NestedTensor, c10::DispatchKey::AutogradNestedTensor});
  at::Tensor nested = at::detail::make_tensor<at::native::NestedTensorImpl>(
      c10::Storage(c10::Storage::use_byte_size_t(), 0, c10::DataPtr(nullptr, c10::kCPU)), keys, buffer.dtype(),
      Matrix(desc.nested().sizes, desc.ndim() - 1), Matrix(desc.nested().strides, desc.ndim() - 1),
      at::tensor(desc.nested().offsets, at::kLong));
  nested.unsafeGetTensorImpl()->set_storage_keep_dtype(c10::Storage(buffer.storage()));
  return nested;
}

}  // namespace

absl::Status DescribeNested(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
  const auto& impl = *at::native::get_nested_tensor_impl(tensor);
  desc.storage = description.DescribeStorage(tensor.storage());
  description.Identify(tensor, desc);
  // Sizes, strides and offsets are tensors. If a functorch transform is active, operators on them would return
  // wrappers.
  const FunctorchScope no_functorch;
  const std::int64_t count = impl.get_storage_offsets().numel();
  desc.edit_nested().sizes = AllRows(impl.get_nested_sizes(), count);
  desc.edit_nested().strides = AllRows(impl.get_nested_strides(), count);
  desc.edit_nested().offsets = Row(impl.get_storage_offsets());
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> BuildNested(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = Check(desc); !status.ok()) return status;
  if (desc.is_view) {
    const absl::StatusOr<at::Tensor> base = conversion.Convert(*desc.base);
    if (!base.ok()) return base;
    return ManualView(*base, OnStorageOf(*base, desc), desc);
  }
  const MetaTensorDesc buffer_desc = Buffer(desc);
  const absl::StatusOr<at::Tensor> buffer = conversion.AllocateStrided(buffer_desc);
  if (!buffer.ok()) return buffer;
  if (absl::Status status = conversion.PutOnStorage(buffer_desc, *buffer); !status.ok()) return status;
  return RequireGrad(desc, OnStorageOf(*buffer, desc));
}

}  // namespace metaconv
