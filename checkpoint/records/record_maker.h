// RecordMaker: gives a checkpoint's tensors and storages their ids, and makes their records.
//
// Ids are what a MetaTensorDescriber would give to the tensors that Python loads from the file, in the order in which
// Make is called: a storage has its id before the tensor, a tensor before its parts and its base.
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

  // A new record with a new id: call it once per tensor object.
  MetaTensorDescPtr Make(const TensorSpec& spec);

  // The same for a strided view of `base`, whose record is made here too.
  MetaTensorDescPtr MakeView(const TensorSpec& spec, const TensorSpec& base);

  // By storage id; empty unless the options ask for them.
  std::vector<StorageLocation> TakeLocations() { return std::move(locations_); }

 private:
  MetaTensorDesc Start(const TensorSpec& spec);
  void AddParts(const TensorSpec& spec, MetaTensorDesc& desc);
  MetaStorageDescPtr StorageRecord(CheckpointStorage& storage, c10::ScalarType dtype);

  const ReadOptions options_;
  std::vector<StorageLocation> locations_;
  MetaTensorId next_tensor_id_ = 0;
  MetaStorageId next_storage_id_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_RECORDS_RECORD_MAKER_H_
