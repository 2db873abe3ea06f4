// RecordIndex: every tensor and storage record that a set of named tensors reaches, in id order.
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

  // Storages that two or more of the named tensors live on; a base that has no name of its own does not count.
  std::int64_t alias_groups() const;
  // Of all storages; those of symbolic size do not count.
  std::int64_t total_bytes() const;

 private:
  std::map<MetaTensorId, const MetaTensorDesc*> tensors_;
  std::map<MetaStorageId, const MetaStorageDesc*> storages_;
  std::map<MetaStorageId, std::set<MetaTensorId>> tensors_of_storage_;
};

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_RECORD_INDEX_H_
