#include "converter/copy_storage.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "ATen/core/LegacyTypeDispatch.h"
#include "ATen/core/Tensor.h"
#include "absl/strings/str_cat.h"
#include "converter/storage_path.h"
#include "kinds/data_slot.h"
#include "kinds/sparse_parts.h"
#include "meta/python_repr.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

absl::StatusOr<c10::Storage> ZeroStorage(c10::Device device, std::size_t size_bytes) {
  const absl::StatusOr<StoragePath*> path = StoragePathFor(device);
  if (!path.ok()) return path.status();
  absl::StatusOr<c10::Storage> storage = (*path)->Allocate(device, static_cast<std::int64_t>(size_bytes));
  if (!storage.ok()) return storage;
  if (absl::Status status = (*path)->Zero({*storage}); !status.ok()) return status;
  return storage;
}

}  // namespace

absl::StatusOr<c10::Storage> DataOf(const MetaStorageDesc& desc) {
  c10::Storage data = desc.data;
  if (const DataSlot* slot = DataSlot::Of(data); slot != nullptr) data = slot->storage();
  if (!data || data.device_type() == c10::DeviceType::Meta) {
    return absl::InvalidArgumentError(
        absl::StrCat("storage ", desc.id, ": data: expected the bytes to copy, found none"));
  }
  if (desc.size.maybe_as_int() != static_cast<std::int64_t>(data.nbytes())) {
    return absl::InvalidArgumentError(
        absl::StrCat("storage ", desc.id, ": data: expected ", PythonRepr(desc.size), " bytes, found ", data.nbytes()));
  }
  // The storage of LibTorch's zero tensors has a size but no memory.
  if (data.data() == nullptr && data.nbytes() > 0) return ZeroStorage(data.device(), data.nbytes());
  return data;
}

absl::StatusOr<c10::Storage> CloneStorage(const MetaStorageDesc& desc) {
  const absl::StatusOr<c10::Storage> data = DataOf(desc);
  if (!data.ok()) return data;
  const absl::StatusOr<StoragePath*> path = StoragePathFor(data->device());
  if (!path.ok()) return path.status();
  absl::StatusOr<c10::Storage> copy = (*path)->Allocate(data->device(), static_cast<std::int64_t>(data->nbytes()));
  if (!copy.ok()) return copy;
  if (absl::Status status = (*path)->Copy({{.from = *data, .into = *copy, .id = desc.id}}); !status.ok()) return status;
  return copy;
}

MetaTensorDesc DataOnly(const MetaTensorDesc& desc) {
  MetaTensorDesc plain = desc;
  plain.is_view = false;
  plain.base = nullptr;
  plain.creation_meta.reset();
  if (plain.extras.has_value()) {
    plain.extras.Edit().view_func = nullptr;
    plain.extras.Edit().grad = nullptr;
  }
  plain.requires_grad = false;
  plain.is_leaf = true;
  return plain;
}

absl::StatusOr<at::Tensor> CloneOpaque(const MetaTensorDesc& desc) {
  if (desc.extras->data == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("record ", desc.id, ": data: expected the tensor to copy, found none"));
  }
  return CatchTorch(absl::StrCat("record ", desc.id, ": copying its data"), [&]() -> absl::StatusOr<at::Tensor> {
    const at::AutoDispatchBelowADInplaceOrView no_autograd;
    return WithData(at::Tensor(desc.extras->data)).clone();
  });
}

}  // namespace metaconv
