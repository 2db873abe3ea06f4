#include "converter/storage_records.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "meta/meta_tensor_desc_fields.h"
#include "meta/python_repr.h"
#include "meta/sparse_layout.h"

namespace metaconv {
namespace {

// Whether a kind of wrapper builds the record, from the records of inner tensors and without a storage of its own.
bool IsBuiltAsWrapper(const MetaTensorDesc& desc) {
  return desc.functorch().is_functorch_wrapped || desc.functorch().is_functional ||
         desc.wrapper().is_traceable_wrapper_subclass;
}

// Visits each record once, without recursion: records share nested records, and may be nested deeply.
class Collector {
 public:
  Collector(absl::Span<const MetaTensorDesc* const> records, absl::Span<const c10::Device> devices, bool elements)
      : records_(records),
        devices_(devices),
        elements_(elements),
        has_many_devices_(std::adjacent_find(devices.begin(), devices.end(), std::not_equal_to<>()) != devices.end()) {}

  absl::Status Collect() {
    for (std::size_t i = 0; i < records_.size(); ++i) {
      if (absl::Status status = Enter(*records_[i], i); !status.ok()) return status;
    }
    for (std::size_t i = 0; i < reached_.size(); ++i) {
      if (absl::Status status = Add(reached_[i]); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Calls `take` with each storage and its device, ordered by id.
  template <typename Take>
  void TakeStorages(const Take& take) && {
    for (auto& [id, found] : by_id_) take(std::move(found.desc), devices_[found.from]);
  }

 private:
  // `from` is the index of the first of `records_` from which something was reached.
  struct Reached {
    const MetaTensorDesc* desc;
    std::size_t from;
  };
  struct Found {
    MetaStorageDesc desc;
    std::size_t from;
  };

  absl::Status Enter(const MetaTensorDesc& desc, std::size_t from) {
    if (has_many_devices_) {
      const std::size_t first = first_of_.emplace(desc.id, from).first->second;
      if (devices_[first] != devices_[from]) return TwoDevices(absl::StrCat("record ", desc.id), first, from);
    }
    if (seen_.insert(&desc).second) reached_.push_back({&desc, from});
    return absl::OkStatus();
  }

  absl::Status Add(Reached reached) {
    const MetaTensorDesc& desc = *reached.desc;
    if (desc.storage.has_value() && !IsBuiltAsWrapper(desc)) {
      if (absl::Status status = AddStorage(*desc.storage, reached.from); !status.ok()) return status;
    }
    const bool is_whole = elements_ || !IsSparseAny(desc.layout) || IsBuiltAsWrapper(desc);
    absl::Status status;
    ForEachNested(desc, [&](const char*, const MetaTensorDescPtr& nested) {
      if (nested == nullptr) return;  // An error only for some kinds, which check it.
      if (is_whole || nested == desc.base || nested == desc.grad()) status.Update(Enter(*nested, reached.from));
    });
    if (desc.extras->view_func != nullptr) {
      for (const CapturedTensor& captured : desc.extras->view_func->captured()) {
        status.Update(Enter(*captured.desc, reached.from));
      }
    }
    return status;
  }

  absl::Status AddStorage(const MetaStorageDesc& storage, std::size_t from) {
    const auto [found, is_new] = by_id_.try_emplace(storage.id, Found{storage, from});
    if (is_new) return absl::OkStatus();
    const MetaStorageDesc& first = found->second.desc;
    if (first.size.maybe_as_int() != storage.size.maybe_as_int()) {
      return absl::InvalidArgumentError(absl::StrCat("storage ", storage.id, ": size: expected ",
                                                     PythonRepr(first.size), " as in another record, found ",
                                                     PythonRepr(storage.size), "; do they come from one describer?"));
    }
    if (devices_[found->second.from] == devices_[from]) return absl::OkStatus();
    return TwoDevices(absl::StrCat("storage ", storage.id), found->second.from, from);
  }

  // `what` was reached from the records at the indices `first` and `second`.
  absl::Status TwoDevices(const std::string& what, std::size_t first, std::size_t second) const {
    return absl::InvalidArgumentError(absl::StrCat(what, ": expected one device, found ", devices_[first].str(),
                                                   " for record ", records_[first]->id, " and ", devices_[second].str(),
                                                   " for record ", records_[second]->id, ", which both need it"));
  }

  const absl::Span<const MetaTensorDesc* const> records_;
  const absl::Span<const c10::Device> devices_;
  const bool elements_;
  const bool has_many_devices_;
  std::map<MetaStorageId, Found> by_id_;
  absl::flat_hash_set<const MetaTensorDesc*> seen_;
  std::vector<Reached> reached_;
  // From which of `records_` a record was reached first. Only used if there are several devices.
  absl::flat_hash_map<MetaTensorId, std::size_t> first_of_;
};

}  // namespace

absl::StatusOr<std::vector<MetaStorageDesc>> StorageRecords(absl::Span<const MetaTensorDesc* const> records,
                                                            bool elements) {
  const std::vector<c10::Device> devices(records.size(), c10::Device(c10::DeviceType::CPU));
  Collector collector(records, devices, elements);
  if (absl::Status status = collector.Collect(); !status.ok()) return status;
  std::vector<MetaStorageDesc> storages;
  std::move(collector).TakeStorages([&](MetaStorageDesc desc, c10::Device) { storages.push_back(std::move(desc)); });
  return storages;
}

absl::StatusOr<std::vector<PlacedStorage>> PlacedStorageRecords(absl::Span<const MetaTensorDesc* const> records,
                                                                absl::Span<const c10::Device> devices, bool elements) {
  Collector collector(records, devices, elements);
  if (absl::Status status = collector.Collect(); !status.ok()) return status;
  std::vector<PlacedStorage> storages;
  std::move(collector).TakeStorages([&](MetaStorageDesc desc, c10::Device device) {
    storages.push_back({std::move(desc), device});
  });
  return storages;
}

}  // namespace metaconv
