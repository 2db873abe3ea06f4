// RecordIndex: all tensor and storage records that are reachable from a list of named tensors, in id order. They include
// those of tensors that view functions captured.
//
// Example:
//   RecordIndex index(checkpoint.tensors);
//   for (const auto& [id, storage] : index.storages()) bytes += storage->size;
//
// Thread safety: a plain value.
// Lifetime: points into the records; they must outlive it.

#ifndef METACONV_TOOLS_CLI_RECORD_INDEX_H_
#define METACONV_TOOLS_CLI_RECORD_INDEX_H_

#include <cstdint>
#include <map>
#include <set>
#include <span>

#include "checkpoint/checkpoint.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv::cli {

class RecordIndex {
 public:
  explicit RecordIndex(std::span<const NamedTensor> tensors);

  const std::map<MetaTensorId, const MetaTensorDesc*>& tensors() const { return tensors_; }
  const std::map<MetaStorageId, const MetaStorageDesc*>& storages() const { return storages_; }

  // The number of storages that two or more of the named tensors use. A base without a name does not count.
  std::int64_t alias_groups() const;
  // The size of all storages. Storages of symbolic size do not count.
  std::int64_t total_bytes() const;

 private:
  std::map<MetaTensorId, const MetaTensorDesc*> tensors_;
  std::map<MetaStorageId, const MetaStorageDesc*> storages_;
  std::map<MetaStorageId, std::set<MetaTensorId>> tensors_of_storage_;
};

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_RECORD_INDEX_H_
