// The format of torch.save before PyTorch 1.6: a sequence of pickles, followed by the storages.
//
// Thread safety: any number of threads.

#ifndef METACONV_CHECKPOINT_TORCH_TORCH_LEGACY_H_
#define METACONV_CHECKPOINT_TORCH_TORCH_LEGACY_H_

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/file_probe.h"

namespace metaconv {

// Whether a file is of this format, as far as its first bytes tell.
bool IsTorchLegacy(const FileProbe& probe);

// Errors: as ReadCheckpoint, without the name of the file.
absl::StatusOr<Checkpoint> ReadTorchLegacy(const FileProbe& probe, const ReadOptions& options);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_TORCH_LEGACY_H_
