// CheckpointFile: a checkpoint whose file stays open, so that the bytes of its storages can be read too.
//
// Records and bytes are of one file, even if another one takes its place under the path meanwhile. Where no bytes are
// needed, ReadCheckpoint (checkpoint.h) is enough. To use bytes where they lie in the file, see mapped_file.h.
//
// Example:
//   absl::StatusOr<CheckpointFile> file = CheckpointFile::Open("model.safetensors");
//   if (!file.ok()) return file.status();
//   const MetaTensorDesc& desc = *file->checkpoint().tensors[0].desc;
//   std::string bytes(file->checkpoint().storages[desc.storage->id].size, '\0');
//   absl::Status status = file->Read(desc.storage->id, /*offset=*/0, absl::MakeSpan(bytes));
//
// Bytes are as torch.load and safetensors give them, in this machine's order. Needs libc10 only.
//
// Thread safety: all const methods may be called from any number of threads; see Read for compressed storages.
// Lifetime: owns the file and the records, which are shared by pointer and may outlive it.

#ifndef METACONV_CHECKPOINT_CHECKPOINT_FILE_H_
#define METACONV_CHECKPOINT_CHECKPOINT_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/deflated_streams.h"
#include "checkpoint/io/file.h"
#include "checkpoint/storage_location.h"
#include "meta/meta_storage_desc.h"

namespace metaconv {

class CheckpointFile {
 public:
  // The records are those of ReadCheckpoint, with `storages`. Errors: as ReadCheckpoint.
  static absl::StatusOr<CheckpointFile> Open(const std::string& path, const ReadOptions& options = {});

  const Checkpoint& checkpoint() const { return checkpoint_; }

  // As it was given to Open, for messages.
  const std::string& path() const { return path_; }

  // For mapping the file. Owned by this object.
  int descriptor() const { return file_->descriptor(); }

  // Reads the storage's bytes from `offset` on into the whole of `into`.
  //
  // Of a plain storage in any order and from any number of threads. Of a compressed one in order: `offset` is where the
  // last call for this storage ended, or 0 to begin (again), from one thread at a time; its last bytes come with the
  // check of its CRC-32. Where elements are swapped, `offset` and the end are multiples of StorageLocation::swap_size;
  // the end may also be that of the storage.
  //
  // Errors: kInvalidArgument if there is no such storage or range; kFailedPrecondition if a compressed storage is not
  // read in order, or if the storage is on the meta device; kUnimplemented if its bytes are StorageBytes::kComputed;
  // kDataLoss if they are damaged, or if the file has become shorter since it was opened. Messages name the file, the
  // storage, the member and the offset; `into` may have changed.
  absl::Status Read(MetaStorageId id, std::int64_t offset, absl::Span<char> into) const;

  // Reads the whole storage to compare its CRC-32 with what the archive says. Does nothing where
  // StorageLocation::crc32 is absent. Errors: as Read, and kDataLoss if it differs.
  absl::Status CheckCrc32(MetaStorageId id) const;

 private:
  CheckpointFile(std::string path, std::shared_ptr<const File> file, Checkpoint checkpoint);

  absl::StatusOr<const StorageLocation*> Find(MetaStorageId id) const;
  // Without a check of the arguments, and without a place in the message.
  absl::Status ReadBytes(MetaStorageId id, const StorageLocation& location, std::int64_t offset,
                         absl::Span<char> into) const;
  absl::Status Place(MetaStorageId id, const StorageLocation& location, const absl::Status& status) const;

  std::string path_;
  std::shared_ptr<const File> file_;
  Checkpoint checkpoint_;
  std::unique_ptr<DeflatedStreams> streams_;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_CHECKPOINT_FILE_H_
