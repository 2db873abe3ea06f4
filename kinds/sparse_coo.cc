#include "kinds/sparse_coo.h"

#include "ATen/ATen.h"
#include "ATen/native/SparseTensorUtils.h"
#include "absl/strings/str_cat.h"
#include "kinds/check_record.h"
#include "kinds/manual_view.h"
#include "kinds/require_grad.h"
#include "meta/sparse_dims.h"

namespace metaconv {
namespace {

absl::Status Check(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckShape(desc); !status.ok()) return status;
  if (absl::Status status = CheckSparseDims(desc); !status.ok()) return status;
  if (*desc.sparse_dim + *desc.dense_dim != desc.ndim) {
    return Malformed(desc, "sparse_dim", absl::StrCat(desc.ndim - *desc.dense_dim, ", which is ndim less dense_dim"),
                     absl::StrCat(*desc.sparse_dim));
  }
  if (!desc.is_coalesced.has_value()) return Malformed(desc, "is_coalesced", "one for a sparse COO tensor", "none");
  return desc.is_view ? CheckViewRecord(desc) : absl::OkStatus();
}

at::Tensor Empty(const MetaTensorDesc& desc) {
  const at::TensorOptions meta = at::device(at::kMeta);
  c10::SymDimVector value_size = {0};
  value_size.append(desc.size.begin() + *desc.sparse_dim, desc.size.end());
  const at::Tensor indices = at::empty({*desc.sparse_dim, 0}, meta.dtype(at::kLong));
  const at::Tensor values = at::empty_symint(value_size, meta.dtype(desc.dtype));
  return at::_sparse_coo_tensor_with_dims_and_tensors_symint(*desc.sparse_dim, *desc.dense_dim, desc.size, indices,
                                                             values, meta.dtype(desc.dtype).layout(at::kSparse),
                                                             desc.is_coalesced);
}

}  // namespace

void DescribeSparseDims(const at::Tensor& tensor, MetaTensorDesc& desc) {
  const SparseDims dims = SparseDimsOf(tensor);
  desc.is_sparse = true;
  desc.sparse_dim = dims.sparse;
  desc.dense_dim = dims.dense;
  desc.is_coalesced = dims.is_coalesced;
}

absl::Status DescribeSparseCoo(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
  description.Identify(tensor, desc);
  DescribeSparseDims(tensor, desc);
  return absl::OkStatus();
}

// Note [Sparse non-leaves]
// The reference clones them and then marks the clone as coalesced or not, which autograd does not know how to go back
// through. We give them a history that cannot be run, as other non-leaves have.
absl::StatusOr<at::Tensor> BuildSparseCoo(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = Check(desc); !status.ok()) return status;
  absl::StatusOr<at::Tensor> tensor = conversion.Allocate([&] { return Empty(desc); }, desc.device);
  if (!tensor.ok()) return tensor;
  if (!tensor->is_sparse()) {
    return absl::InvalidArgumentError("allocation callback: expected a sparse COO tensor, found another kind");
  }
  // Whatever the maker was told, a tensor without elements is taken for coalesced.
  at::sparse::get_sparse_impl(*tensor)->set_coalesced(*desc.is_coalesced);
  if (!desc.is_view) return RequireGrad(desc, *tensor);
  const absl::StatusOr<at::Tensor> base = conversion.Convert(*desc.base);
  if (!base.ok()) return base;
  return ManualView(*base, *tensor, desc);
}

}  // namespace metaconv
