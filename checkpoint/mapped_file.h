// MappedFile: the storages of a checkpoint file as memory that is mapped from the file.
//
// The whole file is mapped once, as a private mapping: writes to a storage are visible in this process only, and pages
// are read at the first access. torch.load(mmap=True) does the same. As there, if the file is truncated while it is
// mapped, an access behind its new end terminates the process with SIGBUS; if it is overwritten in place, pages that
// this process has not written to change. For files that may change, use CheckpointFile::Read.
//
// Example:
//   absl::StatusOr<MappedFile> mapped = MappedFile::Map(file);
//   if (mapped->CanMap(id)) absl::StatusOr<c10::DataPtr> data = mapped->Storage(id);
//
// Thread safety: all methods may be called from any number of threads.
// Lifetime: independent of the CheckpointFile. Each DataPtr keeps the mapping alive.

#ifndef METACONV_CHECKPOINT_MAPPED_FILE_H_
#define METACONV_CHECKPOINT_MAPPED_FILE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Allocator.h"
#include "checkpoint/checkpoint_file.h"
#include "checkpoint/storage_location.h"
#include "meta/meta_storage_desc.h"

namespace metaconv {

class MappedFile {
 public:
  // Errors: kDataLoss if the file was truncated after it was opened, kResourceExhausted if it cannot be mapped.
  static absl::StatusOr<MappedFile> Map(const CheckpointFile& file);

  // Whether the storage can be used without a copy: its bytes are not compressed, in this machine's byte order, and
  // aligned for its elements. In safetensors files storages may have any alignment, and in the two oldest formats of
  // torch.save they are rarely aligned.
  bool CanMap(MetaStorageId id) const;

  // The bytes of the storage, on the CPU. Null if its size is 0. In the two oldest formats of torch.save a storage can
  // be a view of another one; it then shares its memory, as in Python.
  // Errors: kInvalidArgument if there is no such storage; kFailedPrecondition, with the reason, where CanMap is false.
  absl::StatusOr<c10::DataPtr> Storage(MetaStorageId id) const;

 private:
  class Mapping;

  MappedFile(std::string path, std::vector<StorageLocation> storages, std::shared_ptr<const Mapping> mapping);

  absl::Status Check(MetaStorageId id) const;

  std::string path_;
  std::vector<StorageLocation> storages_;
  std::shared_ptr<const Mapping> mapping_;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_MAPPED_FILE_H_
