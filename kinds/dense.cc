#include "kinds/dense.h"

#include <utility>

#include "kinds/check_record.h"
#include "kinds/require_grad.h"

namespace metaconv {

absl::Status DescribeDense(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
  const at::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  desc.storage = description.DescribeStorage(tensor.storage());
  description.Identify(tensor, desc);
  const c10::SymIntArrayRef stride = impl.sym_strides();
  desc.stride.emplace(stride.begin(), stride.end());
  desc.storage_offset = impl.sym_storage_offset();
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> BuildDense(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = CheckStridedRecord(desc); !status.ok()) return status;
  absl::StatusOr<at::Tensor> tensor = conversion.AllocateStrided(desc);
  if (!tensor.ok()) return tensor.status();
  // The tensor has no autograd state yet, so it can be moved to another storage without an operator.
  if (absl::Status status = conversion.PutOnStorage(desc, *tensor); !status.ok()) return status;
  return RequireGrad(desc, *std::move(tensor));
}

}  // namespace metaconv
