// StorageRecords: the storages that are reachable from records. PlacedStorageRecords finds their devices too.
//
// Example:
//   absl::StatusOr<std::vector<MetaStorageDesc>> storages = StorageRecords({record.get()}, /*elements=*/true);
//
// Thread safety: a pure function.
// Lifetime: results are shared with the records.

#ifndef METACONV_CONVERTER_STORAGE_RECORDS_H_
#define METACONV_CONVERTER_STORAGE_RECORDS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "c10/core/Device.h"
#include "converter/placed_storage.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

// One record for each storage that is needed to create the tensors, ordered by id. Wrappers have no storage of their
// own. `elements`: whether the storages of sparse tensors' parts are needed.
// Errors: kInvalidArgument if the sizes in two records of one storage differ, as for records of two describers.
absl::StatusOr<std::vector<MetaStorageDesc>> StorageRecords(absl::Span<const MetaTensorDesc* const> records,
                                                            bool elements);

// As above, with the device of each storage. `devices` has one for each of `records`; whatever is reachable from a
// record is on its device: bases, gradients, the parts of sparse tensors and wrappers, and tensors that a view function
// captured.
// Errors: also kInvalidArgument if a storage or a record is reachable from two records with different devices.
absl::StatusOr<std::vector<PlacedStorage>> PlacedStorageRecords(absl::Span<const MetaTensorDesc* const> records,
                                                                absl::Span<const c10::Device> devices, bool elements);

}  // namespace metaconv

#endif  // METACONV_CONVERTER_STORAGE_RECORDS_H_
