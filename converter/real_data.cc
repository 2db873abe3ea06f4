#include "converter/real_data.h"

#include <typeinfo>

#include "converter/copy_storage.h"
#include "converter/data_source.h"
#include "converter/materialize.h"
#include "converter/strided_tensor.h"
#include "describer/meta_tensor_describer.h"
#include "kinds/data_slot.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

absl::Status NoData() {
  return absl::NotFoundError("expected a result with a copy of its data, found none: was copy_data set?");
}

bool IsStrided(const at::Tensor& tensor) {
  return typeid(*tensor.unsafeGetTensorImpl()) == typeid(at::TensorImpl) && tensor.has_storage();
}

at::Tensor OnStorage(const c10::Storage& storage, const at::Tensor& result) {
  at::Tensor tensor = StridedTensor(storage, result.scalar_type());
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(result.sym_sizes(), result.sym_strides(),
                                                      result.sym_storage_offset());
  tensor._set_conj(result.is_conj());
  tensor._set_neg(result.is_neg());
  return tensor;
}

// A tensor that consists of other tensors is assembled from their data.
absl::StatusOr<at::Tensor> FromParts(const at::Tensor& result) {
  MetaTensorDescriber describer({.copy_data = true});
  const absl::StatusOr<MetaTensorDescPtr> record = describer.DescribeTensor(result);
  if (!record.ok()) return record.status();
  return Materialize(DataOnly(**record), at::kCPU, *SharedData());
}

}  // namespace

absl::StatusOr<c10::Storage> RealStorage(const at::Tensor& result) {
  if (!result.defined() || !result.has_storage()) {
    return absl::InvalidArgumentError("expected a tensor with a storage, found one that has none");
  }
  return RealStorage(result.storage());
}

absl::StatusOr<c10::Storage> RealStorage(const c10::Storage& result) {
  const DataSlot* slot = DataSlot::Of(result);
  c10::Storage storage = slot == nullptr ? c10::Storage() : slot->storage();
  if (!storage) return NoData();
  return storage;
}

absl::StatusOr<at::Tensor> RealTensor(const at::Tensor& result) {
  if (!result.defined()) return absl::InvalidArgumentError("expected a tensor, found an undefined one");
  return CatchTorch("reading the data of a result", [&]() -> absl::StatusOr<at::Tensor> {
    if (const DataSlot* slot = DataSlot::Of(result); slot != nullptr) {
      if (at::Tensor whole = slot->tensor(); whole.defined()) return whole;
    }
    if (!IsStrided(result)) return FromParts(result);
    const absl::StatusOr<c10::Storage> storage = RealStorage(result);
    if (!storage.ok()) return storage.status();
    return OnStorage(*storage, result);
  });
}

}  // namespace metaconv
