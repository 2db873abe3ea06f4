// The format of torch.save before PyTorch 0.1.10: a tar archive with the members sys_info, storages, tensors and
// pickle.
//
// Thread safety: any number of threads.

#ifndef METACONV_CHECKPOINT_TORCH_TORCH_TAR_H_
#define METACONV_CHECKPOINT_TORCH_TORCH_TAR_H_

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/file_probe.h"

namespace metaconv {

// Whether a file is of this format, as far as the names of its members tell.
bool IsTorchTar(const FileProbe& probe);

// Errors: as ReadCheckpoint, without the name of the file.
absl::StatusOr<Checkpoint> ReadTorchTar(const FileProbe& probe, const ReadOptions& options);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_TORCH_TAR_H_
