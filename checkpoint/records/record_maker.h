// RecordMaker: makes the records of a checkpoint's tensors and storages, and gives them their ids.
//
// The ids are those that a MetaTensorDescriber gives to the tensors that Python loads from the file, if it describes
// them in the order of the calls of Make: a storage gets its id before the tensor, a tensor before its parts and its
// base.
//
// Thread safety: for one thread at a time.
// Lifetime: records are independent of the maker.

#ifndef METACONV_CHECKPOINT_RECORDS_RECORD_MAKER_H_
#define METACONV_CHECKPOINT_RECORDS_RECORD_MAKER_H_

#include <utility>
#include <vector>

#include "c10/core/ScalarType.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/records/checkpoint_storage.h"
#include "checkpoint/records/tensor_spec.h"
#include "checkpoint/storage_location.h"
#include "meta/meta_storage_desc.h"
#include "meta/meta_tensor_desc.h"

namespace metaconv {

class RecordMaker {
 public:
  explicit RecordMaker(const ReadOptions& options) : options_(options) {}

  // A new record with a new id. Call it once per tensor object.
  MetaTensorDescPtr Make(const TensorSpec& spec);

  // The same for a strided view of `base`. Makes the record of `base` too.
  MetaTensorDescPtr MakeView(const TensorSpec& spec, const TensorSpec& base);

  // The locations by storage id; empty unless ReadOptions::locate_storages is set.
  std::vector<StorageLocation> TakeLocations() { return std::move(locations_); }

 private:
  MetaTensorDesc Start(const TensorSpec& spec);
  void AddParts(const TensorSpec& spec, MetaTensorDesc& desc);
  MetaStorageDesc StorageRecord(CheckpointStorage& storage, c10::ScalarType dtype);

  const ReadOptions options_;
  std::vector<StorageLocation> locations_;
  MetaTensorId next_tensor_id_ = 0;
  MetaStorageId next_storage_id_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_RECORDS_RECORD_MAKER_H_
