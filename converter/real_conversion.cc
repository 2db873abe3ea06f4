#include "converter/real_conversion.h"

#include "absl/strings/str_cat.h"
#include "converter/strided_tensor.h"
#include "kinds/check_record.h"

namespace metaconv {

// Uses the final storage right away: allocating a temporary one first would double the memory use.
absl::StatusOr<at::Tensor> RealConversion::AllocateStrided(const MetaTensorDesc& desc) {
  if (!desc.storage.has_value()) return Malformed(desc, "storage", "a storage for a real tensor", "none");
  const absl::StatusOr<c10::Storage> storage = ConvertStorage(*desc.storage, desc.device);
  if (!storage.ok()) return storage.status();
  return StridedTensor(*storage, desc.dtype);
}

// AllocateStrided has already created the tensor on its storage.
absl::Status RealConversion::PutOnStorage(const MetaTensorDesc& desc, const at::Tensor& tensor) {
  return LayOut(desc, tensor, tensor.storage());
}

absl::StatusOr<c10::Storage> RealConversion::NewStorage(const MetaStorageDesc& desc, c10::Device) {
  return absl::InvalidArgumentError(
      absl::StrCat("storage ", desc.id, ": expected a storage that was materialized, found one that was not"));
}

}  // namespace metaconv
