#include "kinds/data_slot.h"

#include <memory>
#include <utility>

#include "ATen/SparseCsrTensorUtils.h"
#include "ATen/native/SparseTensorUtils.h"
#include "c10/core/Allocator.h"
#include "meta/sparse_layout.h"

namespace metaconv {
namespace {

void Delete(void* slot) { delete static_cast<DataSlot*>(slot); }

}  // namespace

void DataSlot::Attach(const c10::Storage& storage) {
  if (Of(storage) != nullptr) return;
  auto slot = std::make_unique<DataSlot>();
  storage.set_data_ptr_noswap(c10::DataPtr(nullptr, slot.release(), Delete, storage.device()));
}

DataSlot* DataSlot::Of(const c10::Storage& storage) {
  return storage ? storage.data_ptr().cast_context<DataSlot>(Delete) : nullptr;
}

DataSlot* DataSlot::Of(const at::Tensor& tensor) { return Of(DataCarrier(tensor)); }

absl::Status DataSlot::FillOnce(absl::FunctionRef<absl::StatusOr<c10::Storage>()> copy) {
  const absl::MutexLock lock(&mutex_);
  if (storage_) return absl::OkStatus();
  absl::StatusOr<c10::Storage> copied = copy();
  if (copied.ok()) storage_ = *std::move(copied);
  return copied.status();
}

void DataSlot::Set(at::Tensor tensor, std::vector<c10::Storage> shared) {
  const absl::MutexLock lock(&mutex_);
  tensor_ = std::move(tensor);
  shared_ = std::move(shared);
}

c10::Storage DataSlot::storage() const {
  const absl::MutexLock lock(&mutex_);
  return storage_;
}

at::Tensor DataSlot::tensor() const {
  const absl::MutexLock lock(&mutex_);
  return tensor_;
}

c10::Storage DataCarrier(const at::Tensor& tensor) {
  if (IsSparseCoo(tensor.layout()) && tensor.is_sparse()) {
    const auto* impl = dynamic_cast<const at::SparseTensorImpl*>(tensor.unsafeGetTensorImpl());
    return impl == nullptr ? c10::Storage() : impl->values().storage();
  }
  if (IsSparseCompressedLayout(tensor.layout())) {
    const auto* impl = dynamic_cast<const at::SparseCsrTensorImpl*>(tensor.unsafeGetTensorImpl());
    return impl == nullptr ? c10::Storage() : impl->values().storage();
  }
  return tensor.has_storage() ? tensor.storage() : c10::Storage();
}

}  // namespace metaconv
