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
  if (!desc.functorch().level.has_value()) return Malformed(desc, "level", "a level for a batched tensor", "none");
  // vmap starts at level 1. The function that batches a single tensor accepts level 0, too.
  if (*desc.functorch().level < 0) return Malformed(desc, "level", "0 or more", absl::StrCat(*desc.functorch().level));
  const MetaTensorDesc& wrapped = *desc.functorch().unwrapped;
  if (wrapped.functorch().is_batchedtensor && wrapped.functorch().level.has_value() &&
      *wrapped.functorch().level >= *desc.functorch().level) {
    return Malformed(desc, "level", absl::StrCat("more than ", *wrapped.functorch().level, ", the wrapped level"),
                     absl::StrCat(*desc.functorch().level));
  }
  if (!desc.functorch().bdim.has_value())
    return Malformed(desc, "bdim", "a batch dimension for a batched tensor", "none");
  if (*desc.functorch().bdim < 0 || *desc.functorch().bdim >= desc.functorch().unwrapped->ndim()) {
    return Malformed(desc, "bdim",
                     absl::StrCat("less than ", desc.functorch().unwrapped->ndim(), ", the ndim of the wrapped tensor"),
                     absl::StrCat(*desc.functorch().bdim));
  }
  SymSizes size = desc.functorch().unwrapped->size;
  if (size.size() > static_cast<std::size_t>(*desc.functorch().bdim)) size.erase(size.begin() + *desc.functorch().bdim);
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
  desc.edit_functorch().is_batchedtensor = true;
  desc.edit_functorch().level = impl.level();
  desc.edit_functorch().bdim = impl.bdim();
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> BuildBatched(Conversion& conversion, const MetaTensorDesc& desc) {
  if (absl::Status status = Check(desc); !status.ok()) return status;
  absl::StatusOr<at::Tensor> wrapped = BuildWrapped(conversion, desc);
  if (!wrapped.ok()) return wrapped;
  at::Tensor tensor;
  {
    const FunctorchScope restored(StackOf(desc).layers());
    tensor = at::functorch::makeBatched(*wrapped, *desc.functorch().bdim, *desc.functorch().level);
  }
  return RequireGrad(desc, tensor);
}

}  // namespace metaconv
