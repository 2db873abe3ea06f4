// Files of records as a checkpoint format: records and names, but no bytes of storages.
//
// Example:
//   if (IsRecords(probe)) return ReadRecordsOf(probe, options);
//
// Thread safety: any number of threads.
// Lifetime: a Checkpoint is independent of the probe and of its file.

#ifndef METACONV_CHECKPOINT_MCR_MCR_H_
#define METACONV_CHECKPOINT_MCR_MCR_H_

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/file_probe.h"

namespace metaconv {

// Whether a file is of this format, as far as its first bytes tell.
bool IsRecords(const FileProbe& probe);

// Errors: as ReadCheckpoint, without the name of the file. kFailedPrecondition if ReadOptions::locate_storages is set.
absl::StatusOr<Checkpoint> ReadRecordsOf(const FileProbe& probe, const ReadOptions& options);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_MCR_MCR_H_
