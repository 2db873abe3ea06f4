#include "converter/storage_records.h"

#include <cstddef>
#include <map>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "meta/meta_tensor_desc_fields.h"
#include "meta/python_repr.h"
#include "meta/sparse_layout.h"

namespace metaconv {
namespace {

bool IsMadeOfOthers(const MetaTensorDesc& desc) {
  return desc.is_functorch_wrapped || desc.is_functional || desc.is_traceable_wrapper_subclass;
}

// Visits each record once, without recursion: records share nested records, and may be nested deeply.
class Collector {
 public:
  explicit Collector(bool elements) : elements_(elements) {}

  absl::Status AddAll(absl::Span<const MetaTensorDesc* const> records) {
    for (const MetaTensorDesc* record : records) Enter(*record);
    for (std::size_t i = 0; i < reached_.size(); ++i) {
      if (absl::Status status = Add(*reached_[i]); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  std::vector<MetaStorageDescPtr> storages() && {
    std::vector<MetaStorageDescPtr> storages;
    for (auto& [id, storage] : by_id_) storages.push_back(std::move(storage));
    return storages;
  }

 private:
  void Enter(const MetaTensorDesc& desc) {
    if (seen_.insert(&desc).second) reached_.push_back(&desc);
  }

  absl::Status Add(const MetaTensorDesc& desc) {
    if (desc.storage != nullptr && !IsMadeOfOthers(desc)) {
      if (absl::Status status = AddStorage(desc.storage); !status.ok()) return status;
    }
    const bool is_whole = elements_ || !IsSparseAny(desc.layout) || IsMadeOfOthers(desc);
    ForEachNested(desc, [&](const char*, const MetaTensorDescPtr& nested) {
      if (nested == nullptr) return;  // An error only for some kinds, which check it.
      if (is_whole || nested == desc.base || nested == desc.grad) Enter(*nested);
    });
    if (desc.view_func != nullptr) {
      for (const CapturedTensor& captured : desc.view_func->captured()) Enter(*captured.desc);
    }
    return absl::OkStatus();
  }

  absl::Status AddStorage(const MetaStorageDescPtr& storage) {
    const auto [found, is_new] = by_id_.emplace(storage->id, storage);
    if (is_new || found->second->size.maybe_as_int() == storage->size.maybe_as_int()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("storage ", storage->id, ": size: expected ",
                                                   PythonRepr(found->second->size), " as in another record, found ",
                                                   PythonRepr(storage->size), "; do they come from one describer?"));
  }

  const bool elements_;
  std::map<MetaStorageId, MetaStorageDescPtr> by_id_;
  absl::flat_hash_set<const MetaTensorDesc*> seen_;
  std::vector<const MetaTensorDesc*> reached_;
};

}  // namespace

absl::StatusOr<std::vector<MetaStorageDescPtr>> StorageRecords(absl::Span<const MetaTensorDesc* const> records,
                                                               bool elements) {
  Collector collector(elements);
  if (absl::Status status = collector.AddAll(records); !status.ok()) return status;
  return std::move(collector).storages();
}

}  // namespace metaconv
