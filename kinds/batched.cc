#include "kinds/batched.h"

#include <cstddef>

#include "ATen/functorch/BatchedTensorImpl.h"
#include "ATen/functorch/DynamicLayer.h"
#include "absl/strings/str_cat.h"
#include "kinds/check_record.h"
#include "kinds/functorch.h"
#include "kinds/require_grad.h"

namespace metaconv {
namespace {

absl::Status Check(const MetaTensorDesc& desc) {
  if (absl::Status status = CheckFunctorch(desc); !status.ok()) return status;
  if (!desc.level.has_value()) return Malformed(desc, "level", "a level for a batched tensor", "none");
  // vmap starts at level 1. The function that batches a single tensor accepts level 0, too.
  if (*desc.level < 0) return Malformed(desc, "level", "0 or more", absl::StrCat(*desc.level));
  const MetaTensorDesc& wrapped = *desc.unwrapped;
  if (wrapped.is_batchedtensor && wrapped.level.has_value() && *wrapped.level >= *desc.level) {
    return Malformed(desc, "level", absl::StrCat("more than ", *wrapped.level, ", the wrapped level"),
                     absl::StrCat(*desc.level));
  }
  if (!desc.bdim.has_value()) return Malformed(desc, "bdim", "a batch dimension for a batched tensor", "none");
  if (*desc.bdim < 0 || *desc.bdim >= desc.unwrapped->ndim) {
    return Malformed(desc, "bdim", absl::StrCat("less than ", desc.unwrapped->ndim, ", the ndim of the wrapped tensor"),
                     absl::StrCat(*desc.bdim));
  }
  c10::SymDimVector size = desc.unwrapped->size;
  if (size.size() > static_cast<std::size_t>(*desc.bdim)) size.erase(size.begin() + *desc.bdim);
  return CheckUnwrapped(desc, size);
}

}  // namespace

bool IsBatched(const at::Tensor& tensor) { return at::functorch::maybeGetBatchedImpl(tensor) != nullptr; }

absl::StatusOr<std::vector<at::Tensor>> InnerOfBatched(const at::Tensor& tensor) {
  return std::vector<at::Tensor>{at::functorch::unsafeGetBatchedImpl(tensor)->value()};
}

absl::Status DescribeBatched(Description& description, const at::Tensor& tensor, MetaTensorDesc& desc) {
  const at::functorch::BatchedTensorImpl& impl = *at::functorch::unsafeGetBatchedImpl(tensor);
  if (absl::Status status = DescribeFunctorch(description, tensor, impl.value(), desc); !status.ok()) return status;
  desc.is_batchedtensor = true;
  desc.level = impl.level();
  desc.bdim = impl.bdim();
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> BuildBatched(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = Check(desc); !status.ok()) return status;
  absl::StatusOr<at::Tensor> wrapped = BuildWrapped(conversion, desc);
  if (!wrapped.ok()) return wrapped;
  at::Tensor tensor;
  {
    const FunctorchScope restored(StackOf(desc).layers());
    tensor = at::functorch::makeBatched(*wrapped, *desc.bdim, *desc.level);
  }
  return RequireGrad(desc, tensor);
}

}  // namespace metaconv
