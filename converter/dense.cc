#include "converter/dense.h"

#include "converter/backward_error.h"
#include "converter/check_record.h"

namespace metaconv {

absl::StatusOr<at::Tensor> BuildDense(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = CheckStridedRecord(desc); !status.ok()) return status;
  absl::StatusOr<at::Tensor> tensor = conversion.AllocateStrided(desc);
  if (!tensor.ok()) return tensor.status();
  // Before autograd is told of it, so that moving it to another storage needs no operator.
  if (absl::Status status = conversion.PutOnStorage(desc, *tensor); !status.ok()) return status;
  if (!desc.requires_grad) return tensor;
  tensor->set_requires_grad(true);
  return desc.is_leaf ? *tensor : BackwardError(*tensor);
}

}  // namespace metaconv
