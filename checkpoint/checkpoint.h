// Checkpoint: the tensors of a file as records, read without the weights.
//
// Reads what `torch.save` writes (zip, and the older stream and tar forms), TorchScript archives and safetensors; goes
// by the content, not by the name. Nothing in the file is executed: a pickle's globals that build tensors are known by
// name, any other becomes an opaque object.
//
// Example:
//   absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint("model.pt");
//   if (!checkpoint.ok()) return checkpoint.status();
//   for (const NamedTensor& tensor : checkpoint->tensors) std::cout << tensor.name << ' ' << *tensor.desc << '\n';
//
// To read the weights as well, see checkpoint_file.h. Needs libc10 only.
//
// Thread safety: ReadCheckpoint may be called from any number of threads.
// Lifetime: a Checkpoint owns its records and is independent of the file.

#ifndef METACONV_CHECKPOINT_CHECKPOINT_H_
#define METACONV_CHECKPOINT_CHECKPOINT_H_

#include <string>

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_types.h"

namespace metaconv {

// The records are what a MetaTensorDescriber says of the tensors that Python loads from the file: torch.load gives
// plain tensors on shared storages, safetensors gives views of flat tensors.
//
// Errors: kNotFound / kPermissionDenied if the file cannot be opened; kDataLoss if it is truncated, corrupt or
// contradicts itself; kUnimplemented if it is of a kind that holds no readable tensors here (named in the message);
// kInvalidArgument if its pickle asks to run a command; kResourceExhausted past the reader's limits. Each message names
// the file, the member inside it and the offset in that.
absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path, const ReadOptions& options = {});

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_CHECKPOINT_H_
