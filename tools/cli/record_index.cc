#include "tools/cli/record_index.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "meta/references.h"

namespace metaconv::cli {

RecordIndex::RecordIndex(std::span<const NamedTensor> tensors) {
  std::vector<const MetaTensorDesc*> open;
  const auto add = [&](const MetaTensorDesc* desc) {
    if (tensors_.emplace(desc->id, desc).second) open.push_back(desc);
  };
  for (const NamedTensor& tensor : tensors) {
    add(tensor.desc.get());
    if (tensor.desc->storage.has_value()) tensors_of_storage_[tensor.desc->storage->id].insert(tensor.desc->id);
  }
  while (!open.empty()) {
    const MetaTensorDesc& desc = *open.back();
    open.pop_back();
    if (desc.storage.has_value()) storages_.emplace(desc.storage->id, &*desc.storage);
    ForEachReference(desc, [&](const char*, const MetaTensorDescPtr& nested) { add(nested.get()); });
  }
}

std::int64_t RecordIndex::alias_groups() const {
  return std::count_if(tensors_of_storage_.begin(), tensors_of_storage_.end(),
                       [](const auto& group) { return group.second.size() > 1; });
}

std::int64_t RecordIndex::total_bytes() const {
  std::int64_t bytes = 0;
  for (const auto& [id, storage] : storages_) bytes += storage->size.maybe_as_int().value_or(0);
  return bytes;
}

}  // namespace metaconv::cli
