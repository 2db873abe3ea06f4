// ReadRecords, WriteRecords: the records of a whole model in a file, by convention called `records.mcr`.
//
// Not for checkpoints in general: ReadCheckpoint reads these files too, and those of other formats.
//
// Example:
//   absl::Status status = WriteRecords("records.mcr", {{"layer.weight", desc}}, {}, describer.id());
//   absl::StatusOr<RecordModel> model = ReadRecords("records.mcr", {.decoders = TorchDecoders()});
//
// Thread safety: any number of threads. A file must not be truncated or overwritten in place while it is read; a file
// that WriteRecords replaces is not.
// Lifetime: a RecordModel is independent of the file.

#ifndef METACONV_CHECKPOINT_MCR_RECORD_FILE_H_
#define METACONV_CHECKPOINT_MCR_RECORD_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "meta/binary/decode_records.h"
#include "meta/named_tensor.h"

namespace metaconv {

// The file is replaced atomically: it is written completely or not at all.
// Errors: those of EncodeRecords; kUnavailable, with the path, if the file cannot be written.
absl::Status WriteRecords(const std::string& path, absl::Span<const NamedTensor> tensors,
                          absl::Span<const OpaqueObject> opaque = {}, DescriberId describer_id = 0);

// Errors: those of DecodeRecords, with the path, among them kDataLoss for damage and kUnimplemented for a later version
// of the format; kNotFound / kPermissionDenied if the file cannot be opened; kResourceExhausted if it cannot be mapped.
absl::StatusOr<RecordModel> ReadRecords(const std::string& path, const DecodeOptions& options = {});

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_MCR_RECORD_FILE_H_
