// The safetensors format: a JSON header, followed by the bytes of all tensors.
//
// Thread safety: any number of threads.

#ifndef METACONV_CHECKPOINT_SAFETENSORS_SAFETENSORS_H_
#define METACONV_CHECKPOINT_SAFETENSORS_SAFETENSORS_H_

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/file_probe.h"

namespace metaconv {

// Whether a file is of this format, as far as its first bytes tell.
bool IsSafetensors(const FileProbe& probe);

// Errors: as ReadCheckpoint, without the name of the file.
absl::StatusOr<Checkpoint> ReadSafetensors(const FileProbe& probe, const ReadOptions& options);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_SAFETENSORS_SAFETENSORS_H_
