// CheckpointData: a DataSource with the bytes of a checkpoint file.
//
// Example:
//   absl::StatusOr<CheckpointFile> file = CheckpointFile::Open("model.pt", {.sparse_parts = true});
//   std::vector<MetaTensorDescPtr> records;
//   for (const NamedTensor& tensor : file->checkpoint().tensors) records.push_back(tensor.desc);
//   absl::StatusOr<std::vector<at::Tensor>> tensors = Materialize(records, at::kCPU, *CheckpointData(*file));
//
// Each storage is read once, straight to where it stays, in the order of the file.
//
// Thread safety: Thread-safe.
// Lifetime: borrows the file. Tensors are independent of both, but for mapped ones: see CheckpointDataOptions.

#ifndef METACONV_CONVERTER_CHECKPOINT_DATA_H_
#define METACONV_CONVERTER_CHECKPOINT_DATA_H_

#include <memory>

#include "checkpoint/checkpoint_file.h"
#include "converter/data_source.h"

namespace metaconv {

struct CheckpointDataOptions {
  // On the CPU, storages that can be used where they lie in the file are not read but mapped, privately: pages are read
  // when they are first used, and what is written to them is not seen by others. The file must stay as it is; see
  // checkpoint/mapped_file.h.
  bool map = false;
};

// For records of `file`. Errors: kInvalidArgument for others; those of CheckpointFile::Read, with the name of a tensor.
std::unique_ptr<DataSource> CheckpointData(const CheckpointFile& file, CheckpointDataOptions options = {});

}  // namespace metaconv

#endif  // METACONV_CONVERTER_CHECKPOINT_DATA_H_
