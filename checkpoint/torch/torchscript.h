// The format of torch.jit.save (TorchScript): a zip archive with data.pkl, constants.pkl and code.
//
// Thread safety: any number of threads.

#ifndef METACONV_CHECKPOINT_TORCH_TORCHSCRIPT_H_
#define METACONV_CHECKPOINT_TORCH_TORCHSCRIPT_H_

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/file_probe.h"

namespace metaconv {

// Whether a file is of this format, as far as the names of its members tell.
bool IsTorchScript(const FileProbe& probe);

// Errors: as ReadCheckpoint, without the name of the file.
absl::StatusOr<Checkpoint> ReadTorchScript(const FileProbe& probe, const ReadOptions& options);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_TORCHSCRIPT_H_
