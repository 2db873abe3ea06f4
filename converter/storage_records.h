// StorageRecords: the storages that are reachable from records.
//
// Example:
//   absl::StatusOr<std::vector<MetaStorageDescPtr>> storages = StorageRecords({record.get()}, /*elements=*/true);
//
// Thread safety: a pure function.
// Lifetime: results are shared with the records.

#ifndef METACONV_CONVERTER_STORAGE_RECORDS_H_
#define METACONV_CONVERTER_STORAGE_RECORDS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// One record for each storage that is needed to create the tensors, ordered by id. Wrappers have no storage of their
// own. `elements`: whether the storages of sparse tensors' parts are needed.
// Errors: kInvalidArgument if the sizes in two records of one storage differ, as for records of two describers.
absl::StatusOr<std::vector<MetaStorageDescPtr>> StorageRecords(absl::Span<const MetaTensorDesc* const> records,
                                                               bool elements);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_STORAGE_RECORDS_H_
