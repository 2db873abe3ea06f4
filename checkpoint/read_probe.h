// ReadProbe: the records of a file that is open, by the reader that recognizes it.
//
// Thread safety: any number of threads, each with a probe of its own.
// Lifetime: the result is independent of the probe.

#ifndef METACONV_CHECKPOINT_READ_PROBE_H_
#define METACONV_CHECKPOINT_READ_PROBE_H_

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/file_probe.h"

namespace metaconv {

// Errors: as ReadCheckpoint, without the name of the file.
absl::StatusOr<Checkpoint> ReadProbe(const FileProbe& probe, const ReadOptions& options);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_READ_PROBE_H_
