// StorageRecords: the storages that records lead to.
//
// Example:
//   absl::StatusOr<std::vector<MetaStorageDescPtr>> storages = StorageRecords({record.get()}, /*elements=*/true);
//
// Thread safety: a pure function.
// Lifetime: the result shares the records.

#ifndef METACONV_CONVERTER_STORAGE_RECORDS_H_
#define METACONV_CONVERTER_STORAGE_RECORDS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// One record for each storage that is needed to make the tensors, in order of id. Wrappers have no storage of their own,
// and `elements` says whether those of sparse tensors are needed.
// Errors: kInvalidArgument if two records of one storage differ in its size, as those of two describers do.
absl::StatusOr<std::vector<MetaStorageDescPtr>> StorageRecords(absl::Span<const MetaTensorDesc* const> records,
                                                               bool elements);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_STORAGE_RECORDS_H_
