#include "kinds/sparse_coo.h"

#include <utility>

#include "ATen/SparseTensorImpl.h"
#include "ATen/core/Tensor.h"
#include "ATen/native/SparseTensorUtils.h"
#include "ATen/ops/_sparse_coo_tensor_with_dims_and_tensors.h"
#include "ATen/ops/_validate_sparse_coo_tensor_args.h"
#include "ATen/ops/empty.h"
#include "absl/strings/str_cat.h"
#include "c10/core/TensorOptions.h"
#include "kinds/check_record.h"
#include "kinds/manual_view.h"
#include "kinds/new_sparse.h"
#include "kinds/require_grad.h"
#include "kinds/sparse_parts.h"
#include "meta/python_repr.h"
#include "meta/sparse_dims.h"

namespace metaconv {
namespace {

absl::Status Check(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckShape(desc); !status.ok()) return status;
  if (absl::Status status = CheckSparseDims(desc); !status.ok()) return status;
  if (*desc.sparse().sparse_dim + *desc.sparse().dense_dim != desc.ndim()) {
    return Malformed(desc, "sparse_dim", absl::StrCat(desc.ndim() - *desc.sparse().dense_dim, " (ndim - dense_dim)"),
                     absl::StrCat(*desc.sparse().sparse_dim));
  }
  if (!desc.sparse().is_coalesced.has_value())
    return Malformed(desc, "is_coalesced", "a value for a sparse COO tensor", "none");
  return desc.is_view ? CheckViewRecord(desc) : absl::OkStatus();
}

at::Tensor Assemble(const MetaTensorDesc& desc, const at::Tensor& indices, const at::Tensor& values) {
  return at::_sparse_coo_tensor_with_dims_and_tensors_symint(
      *desc.sparse().sparse_dim, *desc.sparse().dense_dim, desc.size, indices, values,
      values.options().layout(at::kSparse), desc.sparse().is_coalesced);
}

at::Tensor Empty(const MetaTensorDesc& desc, c10::Device device) {
  const auto plain_size = c10::asIntArrayRefSlowOpt(desc.size);
  if (device.is_meta() && plain_size.has_value())
    return NewSparseCoo(desc.dtype, *desc.sparse().sparse_dim, *plain_size);
  c10::SymDimVector value_size = {0};
  value_size.append(desc.size.begin() + *desc.sparse().sparse_dim, desc.size.end());
  const at::Tensor indices = at::empty({*desc.sparse().sparse_dim, 0}, at::device(device).dtype(at::kLong));
  return Assemble(desc, indices, at::empty_symint(value_size, at::device(device).dtype(desc.dtype)));
}

// LibTorch's validation reads the indices, so it runs only for tensors on the CPU.
absl::StatusOr<at::Tensor> FromParts(Conversion& conversion, const MetaTensorDesc& desc) {
  const absl::StatusOr<at::Tensor> indices = BuildPart(conversion, desc, "indices", desc.sparse().indices);
  if (!indices.ok()) return indices;
  const absl::StatusOr<at::Tensor> values = BuildPart(conversion, desc, "values", desc.sparse().values);
  if (!values.ok()) return values;
  if (values->scalar_type() != desc.dtype) {
    return Malformed(desc, "values.dtype", PythonRepr(desc.dtype), PythonRepr(values->scalar_type()));
  }
  return CheckedParts(desc, [&] {
    if (values->is_cpu()) {
      at::_validate_sparse_coo_tensor_args(*indices, *values, C10_AS_INTARRAYREF_SLOW(c10::SymIntArrayRef(desc.size)),
                                           *desc.sparse().is_coalesced);
    }
    return Assemble(desc, *indices, *values);
  });
}

}  // namespace

void DescribeSparseDims(const at::Tensor& tensor, MetaTensorDesc& desc) {
  const SparseDims dims = SparseDimsOf(tensor);
  desc.is_sparse = true;
  SparseFields& fields = desc.edit_sparse();
  fields.sparse_dim = dims.sparse;
  fields.dense_dim = dims.dense;
  fields.is_coalesced = dims.is_coalesced;
}

absl::Status DescribeSparseCoo(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
  description.Identify(tensor, desc);
  DescribeSparseDims(tensor, desc);
  if (!description.keeps_data() || !description.recurse()) return absl::OkStatus();
  const at::SparseTensorImpl& impl = *at::sparse::get_sparse_impl(WithData(tensor));
  absl::Status status = DescribePart(description, impl.indices(), desc.edit_sparse().indices);
  return status.ok() ? DescribePart(description, impl.values(), desc.edit_sparse().values) : status;
}

// Note [Sparse non-leaves]
// The reference clones the tensor and then sets is_coalesced of the clone in place, which leaves a node without a
// backward formula. We use BackwardError, as for other non-leaves.
absl::StatusOr<at::Tensor> BuildSparseCoo(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = Check(desc); !status.ok()) return status;
  absl::StatusOr<at::Tensor> tensor =
      conversion.keeps_elements() ? FromParts(conversion, desc)
                                  : conversion.Allocate([&] { return Empty(desc, conversion.device()); }, desc.device);
  if (!tensor.ok()) return tensor;
  if (!tensor->is_sparse()) {
    return absl::InvalidArgumentError("allocation callback: expected a sparse COO tensor, found another kind");
  }
  // LibTorch marks a tensor without elements as coalesced, whatever the constructor was told.
  at::sparse::get_sparse_impl(*tensor)->set_coalesced(*desc.sparse().is_coalesced);
  if (!desc.is_view) return RequireGrad(desc, *std::move(tensor));
  const absl::StatusOr<at::Tensor> base = conversion.Convert(*desc.base);
  if (!base.ok()) return base;
  return ManualView(*base, *tensor, desc);
}

}  // namespace metaconv
