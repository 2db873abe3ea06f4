#include "kinds/sparse_coo.h"

#include "ATen/ATen.h"
#include "ATen/core/grad_mode.h"
#include "ATen/native/SparseTensorUtils.h"
#include "absl/strings/str_cat.h"
#include "kinds/check_record.h"

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
  return absl::OkStatus();
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

absl::Status DescribeSparseCoo(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
  description.Identify(tensor, desc);
  desc.is_sparse = true;
  desc.sparse_dim = tensor.sparse_dim();
  desc.dense_dim = tensor.dense_dim();
  desc.is_coalesced = tensor.is_coalesced();
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> BuildSparseCoo(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = Check(desc); !status.ok()) return status;
  absl::StatusOr<at::Tensor> tensor = conversion.Allocate([&] { return Empty(desc); }, desc.device);
  if (!tensor.ok()) return tensor;
  if (desc.requires_grad) tensor->set_requires_grad(true);
  // A clone, as in the reference: it is what a sparse tensor can have for a history.
  if (!desc.is_leaf) {
    const c10::AutoGradMode enabled(true);
    *tensor = tensor->clone();
  }
  if (!tensor->is_sparse()) {
    return absl::InvalidArgumentError("allocation callback: expected a sparse COO tensor, found another kind");
  }
  // Not only here does the maker's word not last: a tensor without elements is taken for coalesced.
  at::sparse::get_sparse_impl(*tensor)->set_coalesced(*desc.is_coalesced);
  return tensor;
}

}  // namespace metaconv
