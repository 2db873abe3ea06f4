#include "converter/materialize.h"

#include <cstddef>
#include <utility>

#include "converter/fresh_dispatcher_state.h"
#include "converter/memo_conversion.h"
#include "converter/real_conversion.h"
#include "converter/storage_path.h"
#include "converter/storage_records.h"
#include "describer/meta_tensor_describer.h"
#include "kinds/sparse_parts.h"

namespace metaconv {
namespace {

using Records = std::vector<const MetaTensorDesc*>;
using Tensors = std::vector<at::Tensor>;

// The device of an allocation. If `device` has no index, this is the caller's current device of that type.
absl::StatusOr<c10::Device> WithIndex(c10::Device device) {
  const absl::StatusOr<StoragePath*> path = StoragePathFor(device);
  if (!path.ok()) return path.status();
  const absl::StatusOr<c10::Storage> none = (*path)->Allocate(device, 0);
  if (!none.ok()) return none.status();
  return none->device();
}

// The mkldnn tensor in the DataSlot of a result, if there is one; otherwise `tensor`. The result itself does not
// describe an mkldnn tensor sufficiently.
at::Tensor OpaqueOr(const at::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  at::Tensor data = WithData(tensor);
  return data.is_mkldnn() ? data : tensor;
}

absl::StatusOr<Tensors> MaterializeAll(const Records& records, c10::Device where, DataSource& source) {
  const absl::StatusOr<c10::Device> device = WithIndex(where);
  if (!device.ok()) return device.status();
  const absl::StatusOr<std::vector<MetaStorageDescPtr>> descs = StorageRecords(records, source.has_elements());
  if (!descs.ok()) return descs.status();
  const absl::StatusOr<std::vector<c10::Storage>> storages = source.MakeStorages(*descs, *device);
  if (!storages.ok()) return storages.status();

  ConversionMemo memo;
  for (std::size_t i = 0; i < descs->size(); ++i) memo.SetStorage((*descs)[i]->id, (*storages)[i]);
  const auto make_opaque = [&](const MetaTensorDesc& desc) { return source.MakeOpaque(desc, *device); };
  const FreshDispatcherState fresh;
  RealConversion conversion(memo,
                            {.device = *device, .keeps_elements = source.has_elements(), .make_opaque = make_opaque});
  Tensors tensors;
  tensors.reserve(records.size());
  for (const MetaTensorDesc* record : records) {
    absl::StatusOr<at::Tensor> tensor = conversion.Convert(*record);
    if (!tensor.ok()) return tensor.status();
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

}  // namespace

absl::StatusOr<Tensors> Materialize(absl::Span<const MetaTensorDescPtr> records, c10::Device device,
                                    DataSource& source) {
  Records pointers;
  for (const MetaTensorDescPtr& record : records) pointers.push_back(record.get());
  return MaterializeAll(pointers, device, source);
}

absl::StatusOr<at::Tensor> Materialize(const MetaTensorDesc& record, c10::Device device, DataSource& source) {
  absl::StatusOr<Tensors> tensors = MaterializeAll({&record}, device, source);
  if (!tensors.ok()) return tensors.status();
  return std::move(tensors->front());
}

absl::StatusOr<Tensors> MaterializeTensors(absl::Span<const at::Tensor> tensors, c10::Device device,
                                           DataSource& source) {
  MetaTensorDescriber describer({.copy_data = true});
  std::vector<MetaTensorDescPtr> records;
  for (const at::Tensor& tensor : tensors) {
    absl::StatusOr<MetaTensorDescPtr> record = describer.DescribeTensor(OpaqueOr(tensor));
    if (!record.ok()) return record.status();
    records.push_back(*std::move(record));
  }
  return Materialize(records, device, source);
}

}  // namespace metaconv
