#include "converter/copying_conversion.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "converter/copy_storage.h"
#include "converter/real_conversion.h"
#include "kinds/data_slot.h"
#include "meta/meta_tensor_desc_fields.h"
#include "meta/python_repr.h"
#include "meta/sparse_layout.h"

namespace metaconv {
namespace {

// Whether the data of the tensor is in the storages of other tensors.
bool HasParts(const MetaTensorDesc& desc) { return desc.functorch().unwrapped == nullptr && IsSparseAny(desc.layout); }

// A source on the meta device has no bytes, unless it has a DataSlot.
bool HasBytes(const MetaStorageDesc& desc) {
  return !desc.data || desc.data.device_type() != c10::DeviceType::Meta || DataSlot::Of(desc.data) != nullptr;
}

}  // namespace

absl::StatusOr<at::Tensor> CopyingConversion::AllocateWrapped(const MetaTensorDesc& desc) {
  absl::StatusOr<at::Tensor> tensor = MemoConversion::AllocateWrapped(desc);
  // Wrapper types have no bytes of their own.
  if (!tensor.ok() || !desc.storage.has_value() || desc.wrapper().attrs.has_value()) return tensor;
  if (absl::Status status = PutOnStorage(desc, *tensor); !status.ok()) return status;
  return tensor;
}

absl::Status CopyingConversion::OnNewStorage(const MetaStorageDesc& desc, const c10::Storage& storage) {
  if (storage.device_type() != c10::DeviceType::Meta) {
    return absl::InvalidArgumentError(absl::StrCat("storage ", desc.id,
                                                   ": expected an allocation on meta, to attach a copy to",
                                                   ", found one on ", PythonRepr(storage.device())));
  }
  DataSlot::Attach(storage);
  return absl::OkStatus();
}

// Nothing is copied to a storage without a DataSlot, which the caller has set, or from a source that has no bytes.
absl::Status CopyingConversion::OnStorage(const MetaStorageDesc& desc, const c10::Storage& storage) {
  DataSlot* slot = DataSlot::Of(storage);
  return slot == nullptr || !HasBytes(desc) ? absl::OkStatus() : slot->FillOnce([&] { return CloneStorage(desc); });
}

absl::Status CopyingConversion::OnBuilt(const MetaTensorDesc& desc, const at::Tensor& tensor) {
  if (desc.extras->is_mkldnn) return CopyOpaque(desc, tensor);
  return HasParts(desc) ? CopyParts(desc, tensor) : absl::OkStatus();
}

// The data of an mkldnn tensor is in an internal layout that its strides do not describe, so the copy is an mkldnn
// tensor.
absl::Status CopyingConversion::CopyOpaque(const MetaTensorDesc& desc, const at::Tensor& tensor) {
  absl::StatusOr<at::Tensor> copy = CloneOpaque(desc);
  if (!copy.ok()) return copy.status();
  DataSlot::Attach(tensor.storage());
  DataSlot::Of(tensor.storage())->Set(*std::move(copy), {});
  return absl::OkStatus();
}

absl::Status CopyingConversion::CopyParts(const MetaTensorDesc& desc, const at::Tensor& tensor) {
  ConversionMemo copies;
  std::vector<c10::Storage> shared;
  absl::Status status;
  ForEachNested(desc, [&](const char*, const MetaTensorDescPtr& part) {
    if (!status.ok() || !part->storage.has_value() || part == desc.base || part == desc.grad()) return;
    absl::StatusOr<c10::Storage> storage = ConvertStorage(*part->storage, part->device);
    status.Update(storage.status());
    if (!storage.ok()) return;
    const DataSlot* slot = DataSlot::Of(*storage);
    const c10::Storage copy = slot == nullptr ? c10::Storage() : slot->storage();
    if (copy) copies.SetStorage(part->storage->id, copy);
    shared.push_back(*std::move(storage));
  });
  if (!status.ok()) return status;
  absl::StatusOr<at::Tensor> copy = RealConversion(copies, {.device = desc.device}).Build(DataOnly(desc));
  if (!copy.ok()) return copy.status();
  const c10::Storage carrier = DataCarrier(tensor);
  DataSlot::Attach(carrier);
  DataSlot::Of(carrier)->Set(*std::move(copy), std::move(shared));
  return absl::OkStatus();
}

}  // namespace metaconv
