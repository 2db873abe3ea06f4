// MappedFile: the storages of a checkpoint used where they lie in the file, without reading them.
//
// The whole file is mapped once, privately: what is written to a storage stays in this process, and pages that nobody
// touches are never read. It is what torch.load(mmap=True) does. Like there, a file that becomes shorter while it is
// mapped ends the process with SIGBUS at the first access to what is gone, and one that is overwritten in place changes
// the pages that were not written to: use CheckpointFile::Read for files that may change.
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
  // Errors: kDataLoss if the file has become shorter since it was opened, kResourceExhausted if it cannot be mapped.
  static absl::StatusOr<MappedFile> Map(const CheckpointFile& file);

  // Whether the bytes of the storage are usable as they lie: neither compressed nor in another order, and at an address
  // that suits its elements. Safetensors files may have any offset, and the two oldest formats rarely have a good one.
  bool CanMap(MetaStorageId id) const;

  // The storage's bytes, on the CPU. Null for a storage of no bytes. The storages of the two oldest formats that are
  // views of another one share its memory, as in Python.
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
