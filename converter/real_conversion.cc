#include "converter/real_conversion.h"

#include "absl/strings/str_cat.h"
#include "converter/strided_tensor.h"
#include "kinds/check_record.h"

namespace metaconv {

// The tensor gets its storage right here: allocating one to drop it again would cost as much memory.
absl::StatusOr<at::Tensor> RealConversion::AllocateStrided(const MetaTensorDesc& desc) {
  if (desc.storage == nullptr) return Malformed(desc, "storage", "one for a real tensor", "none");
  const absl::StatusOr<c10::Storage> storage = ConvertStorage(*desc.storage, desc.device);
  if (!storage.ok()) return storage.status();
  return StridedTensor(*storage, desc.dtype);
}

// It is on its storage since AllocateStrided.
absl::Status RealConversion::PutOnStorage(const MetaTensorDesc& desc, const at::Tensor& tensor) {
  return LayOut(desc, tensor, tensor.storage());
}

absl::StatusOr<c10::Storage> RealConversion::NewStorage(const MetaStorageDesc& desc, c10::Device) {
  return absl::InvalidArgumentError(
      absl::StrCat("storage ", desc.id, ": expected that of a tensor with bytes of its own, found that of another"));
}

}  // namespace metaconv
