#include "checkpoint/mcr/mcr.h"

#include <utility>

#include "absl/status/status.h"
#include "checkpoint/io/file_mapping.h"
#include "meta/binary/decode_records.h"

namespace metaconv {

bool IsRecords(const FileProbe& probe) { return IsRecordModel(probe.head); }

absl::StatusOr<Checkpoint> ReadRecordsOf(const FileProbe& probe, const ReadOptions& options) {
  if (options.locate_storages) {
    return absl::FailedPreconditionError("expected a checkpoint, found a file of records, which has no bytes to load");
  }
  const absl::StatusOr<FileMapping> mapping = FileMapping::Map(*probe.file);
  if (!mapping.ok()) return mapping.status();
  absl::StatusOr<RecordModel> model =
      DecodeRecords(mapping->bytes(), {.decoders = options.decoders, .device = options.map_location});
  if (!model.ok()) return model.status();
  Checkpoint checkpoint;
  checkpoint.tensors = std::move(model->tensors);
  checkpoint.opaque = std::move(model->opaque);
  return checkpoint;
}

}  // namespace metaconv
