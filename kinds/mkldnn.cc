#include "kinds/mkldnn.h"

#include <utility>

#include "kinds/check_record.h"
#include "kinds/require_grad.h"

namespace metaconv {

absl::Status DescribeMkldnn(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
  description.Identify(tensor, desc);
  desc.extras.Edit().is_mkldnn = true;
  desc.stride = ToSymSizes(tensor.unsafeGetTensorImpl()->sym_strides());
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> BuildMkldnn(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = CheckNoView(desc); !status.ok()) return status;
  if (absl::Status status = CheckStrides(desc); !status.ok()) return status;
  absl::StatusOr<at::Tensor> tensor = conversion.MakeOpaque(desc);
  if (tensor.ok() && !tensor->defined()) tensor = conversion.AllocateStrided(desc);
  if (!tensor.ok()) return tensor;
  return RequireGrad(desc, *std::move(tensor));
}

}  // namespace metaconv
