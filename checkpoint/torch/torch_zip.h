// The format of torch.save since PyTorch 1.6: a zip archive with data.pkl and a record for each storage.
//
// Thread safety: any number of threads.

#ifndef METACONV_CHECKPOINT_TORCH_TORCH_ZIP_H_
#define METACONV_CHECKPOINT_TORCH_TORCH_ZIP_H_

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/file_probe.h"

namespace metaconv {

// Whether a file is of this format, as far as the names of its members tell. True for TorchScript archives too.
bool IsTorchZip(const FileProbe& probe);

// Errors: as ReadCheckpoint, without the name of the file.
absl::StatusOr<Checkpoint> ReadTorchZip(const FileProbe& probe, const ReadOptions& options);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_TORCH_ZIP_H_
