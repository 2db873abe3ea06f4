// ReadCheckpoint: reads the metadata of all tensors in a checkpoint file as records, without reading the weights.
//
// It reads the files of `torch.save` (zip archives, and the older formats: a sequence of pickles, tar archives), of
// TorchScript and of safetensors. The format is determined from the content, not from the name of the file. No code in
// the file is executed: the functions that build tensors in a pickle are known by name, and any other function or class
// gives an opaque object.
//
// Example:
//   absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint("model.pt");
//   if (!checkpoint.ok()) return checkpoint.status();
//   for (const NamedTensor& tensor : checkpoint->tensors) std::cout << tensor.name << ' ' << *tensor.desc << '\n';
//
// Not for reading the weights: see checkpoint_file.h. Of LibTorch it needs libc10 only.
//
// Thread safety: ReadCheckpoint may be called from any number of threads.
// Lifetime: a Checkpoint owns its records and is independent of the file.

#ifndef METACONV_CHECKPOINT_CHECKPOINT_H_
#define METACONV_CHECKPOINT_CHECKPOINT_H_

#include <string>

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_types.h"

namespace metaconv {

// The records equal those that a MetaTensorDescriber makes of the tensors that Python loads from the file: torch.load
// gives plain tensors on shared storages, safetensors gives views of one-dimensional tensors.
//
// Errors: kNotFound / kPermissionDenied if the file cannot be opened; kDataLoss if it is truncated, corrupt or
// inconsistent; kUnimplemented if its format is not supported (the message names it, if it is known); kInvalidArgument
// if its pickle calls a function that runs commands; kResourceExhausted if it exceeds the limits of io/limits.h. Each
// message names the file, the member of the archive and the offset in the member.
absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path, const ReadOptions& options = {});

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_CHECKPOINT_H_
