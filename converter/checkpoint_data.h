// CheckpointData: a DataSource that reads the bytes of a checkpoint file.
//
// Example:
//   absl::StatusOr<CheckpointFile> file = CheckpointFile::Open("model.pt", {.sparse_parts = true});
//   std::vector<MetaTensorDescPtr> records;
//   for (const NamedTensor& tensor : file->checkpoint().tensors) records.push_back(tensor.desc);
//   absl::StatusOr<std::vector<at::Tensor>> tensors = Materialize(records, at::kCPU, *CheckpointData(*file));
//
// Each storage is read once, directly into its destination, in the order of the file. Progress and stop: those of
// StoragePath::Load; mapped storages are not counted, because they are not read.
//
// Thread safety: Thread-safe.
// Lifetime: the file must outlive the source. Tensors are independent of both, except mapped ones: see
// CheckpointDataOptions.

#ifndef METACONV_CONVERTER_CHECKPOINT_DATA_H_
#define METACONV_CONVERTER_CHECKPOINT_DATA_H_

#include <memory>

#include "checkpoint/checkpoint_file.h"
#include "converter/data_source.h"

namespace metaconv {

struct CheckpointDataOptions {
  // On the CPU, map storages instead of reading them, where their bytes in the file can be used as they are. The
  // mapping is private: a page is read when it is first accessed, and writes are not visible to others. The file must
  // not be modified; see checkpoint/mapped_file.h.
  bool map = false;
};

// For records of `file`. Errors: kInvalidArgument for other records, and for two devices if one storage is a part of the
// other, as in the two oldest formats; those of CheckpointFile::Read, with a tensor's name.
std::unique_ptr<DataSource> CheckpointData(const CheckpointFile& file, CheckpointDataOptions options = {});

}  // namespace metaconv

#endif  // METACONV_CONVERTER_CHECKPOINT_DATA_H_
