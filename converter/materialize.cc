#include "converter/materialize.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "converter/fresh_dispatcher_state.h"
#include "converter/memo_conversion.h"
#include "converter/placed_storage.h"
#include "converter/real_conversion.h"
#include "converter/storage_records.h"
#include "describer/meta_tensor_describer.h"
#include "kinds/sparse_parts.h"

namespace metaconv {
namespace {

using Devices = std::vector<c10::Device>;
using Records = std::vector<const MetaTensorDesc*>;
using Tensors = std::vector<at::Tensor>;

// The number of records that are converted between two checks whether the caller has requested a stop.
constexpr std::size_t kRecordsBetweenStops = 1024;

// The device of an allocation. If `device` has no index, this is the caller's current device of that type.
absl::StatusOr<c10::Device> WithIndex(c10::Device device) {
  const absl::StatusOr<StoragePath*> path = StoragePathFor(device);
  if (!path.ok()) return path.status();
  const absl::StatusOr<c10::Storage> none = (*path)->Allocate(device, 0);
  if (!none.ok()) return none.status();
  return none->device();
}

// As above, for each device.
absl::Status AddIndices(Devices& devices) {
  std::vector<std::pair<c10::Device, c10::Device>> known;  // A few: a call rarely has more than eight devices.
  for (c10::Device& device : devices) {
    auto found = std::find_if(known.begin(), known.end(), [&](const auto& pair) { return pair.first == device; });
    if (found == known.end()) {
      const absl::StatusOr<c10::Device> indexed = WithIndex(device);
      if (!indexed.ok()) return indexed.status();
      found = known.insert(found, {device, *indexed});
    }
    device = found->second;
  }
  return absl::OkStatus();
}

absl::Status CheckStop(const LoadControl& control) {
  if (!control.stop.stop_requested()) return absl::OkStatus();
  return absl::CancelledError("materializing: stopped by the caller");
}

// The mkldnn tensor in the DataSlot of a result, if there is one; otherwise `tensor`. The result itself does not
// describe an mkldnn tensor sufficiently.
at::Tensor OpaqueOr(const at::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  at::Tensor data = WithData(tensor);
  return data.is_mkldnn() ? data : tensor;
}

// `devices` has one for each record, with an index.
absl::StatusOr<Tensors> MaterializeAll(const Records& records, const Devices& devices, DataSource& source,
                                       const LoadControl& control) {
  if (absl::Status status = CheckStop(control); !status.ok()) return status;
  const absl::StatusOr<std::vector<PlacedStorage>> placed =
      PlacedStorageRecords(records, devices, source.has_elements());
  if (!placed.ok()) return placed.status();
  const absl::StatusOr<std::vector<c10::Storage>> storages = source.MakeStorages(*placed, control);
  if (!storages.ok()) return storages.status();

  ConversionMemo memo;
  for (std::size_t i = 0; i < placed->size(); ++i) memo.SetStorage((*placed)[i].desc.id, (*storages)[i]);
  const FreshDispatcherState fresh;
  Tensors tensors;
  tensors.reserve(records.size());
  // A conversion has one device. All conversions use one memo, and each nested record is converted by one of them only:
  // PlacedStorageRecords has checked that.
  for (std::size_t begin = 0; begin < records.size();) {
    if (absl::Status status = CheckStop(control); !status.ok()) return status;
    const c10::Device device = devices[begin];
    const absl::Span<const c10::Device> next = absl::MakeConstSpan(devices).subspan(begin, kRecordsBetweenStops);
    const auto other = std::find_if(next.begin(), next.end(), [&](c10::Device d) { return d != device; });
    const auto count = static_cast<std::size_t>(other - next.begin());
    const auto make_opaque = [&](const MetaTensorDesc& desc) { return source.MakeOpaque(desc, device); };
    RealConversion conversion(memo,
                              {.device = device, .keeps_elements = source.has_elements(), .make_opaque = make_opaque});
    std::vector<absl::StatusOr<at::Tensor>> results(count, at::Tensor());
    conversion.ConvertMany(absl::MakeConstSpan(records).subspan(begin, count), absl::MakeSpan(results));
    for (absl::StatusOr<at::Tensor>& result : results) {
      if (!result.ok()) return result.status();
      tensors.push_back(*std::move(result));
    }
    begin += count;
  }
  return tensors;
}

absl::StatusOr<Tensors> MaterializeOn(c10::Device device, const Records& records, DataSource& source,
                                      const LoadControl& control) {
  const absl::StatusOr<c10::Device> indexed = WithIndex(device);
  if (!indexed.ok()) return indexed.status();
  return MaterializeAll(records, Devices(records.size(), *indexed), source, control);
}

}  // namespace

absl::StatusOr<Tensors> Materialize(absl::Span<const PlacedRecord> records, DataSource& source,
                                    const LoadControl& control) {
  Records pointers;
  Devices devices;
  for (const PlacedRecord& placed : records) {
    pointers.push_back(placed.record.get());
    devices.push_back(placed.device);
  }
  if (absl::Status status = AddIndices(devices); !status.ok()) return status;
  return MaterializeAll(pointers, devices, source, control);
}

absl::StatusOr<Tensors> Materialize(absl::Span<const MetaTensorDescPtr> records, c10::Device device, DataSource& source,
                                    const LoadControl& control) {
  Records pointers;
  for (const MetaTensorDescPtr& record : records) pointers.push_back(record.get());
  return MaterializeOn(device, pointers, source, control);
}

absl::StatusOr<at::Tensor> Materialize(const MetaTensorDesc& record, c10::Device device, DataSource& source,
                                       const LoadControl& control) {
  absl::StatusOr<Tensors> tensors = MaterializeOn(device, {&record}, source, control);
  if (!tensors.ok()) return tensors.status();
  return std::move(tensors->front());
}

absl::StatusOr<Tensors> MaterializeTensors(absl::Span<const PlacedTensor> tensors, DataSource& source,
                                           const LoadControl& control) {
  std::vector<at::Tensor> sources;
  for (const PlacedTensor& placed : tensors) sources.push_back(OpaqueOr(placed.tensor));
  MetaTensorDescriber describer({.copy_data = true});
  absl::StatusOr<std::vector<MetaTensorDescPtr>> described = describer.DescribeAllTensors(sources);
  if (!described.ok()) return described.status();
  std::vector<PlacedRecord> records;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    records.push_back({std::move((*described)[i]), tensors[i].device});
  }
  return Materialize(records, source, control);
}

absl::StatusOr<Tensors> MaterializeTensors(absl::Span<const at::Tensor> tensors, c10::Device device, DataSource& source,
                                           const LoadControl& control) {
  const absl::StatusOr<c10::Device> indexed = WithIndex(device);
  if (!indexed.ok()) return indexed.status();
  std::vector<PlacedTensor> placed;
  for (const at::Tensor& tensor : tensors) placed.push_back({tensor, *indexed});
  return MaterializeTensors(placed, source, control);
}

}  // namespace metaconv
