// CheckpointFile: an open checkpoint file, with the records of its tensors and access to the bytes of its storages.
//
// Records and bytes come from the same file, even if another file is moved to the path in the meantime. If the bytes
// are not needed, use ReadCheckpoint (checkpoint.h). To use the bytes without a copy, see mapped_file.h.
//
// Example:
//   absl::StatusOr<CheckpointFile> file = CheckpointFile::Open("model.safetensors");
//   if (!file.ok()) return file.status();
//   const MetaTensorDesc& desc = *file->checkpoint().tensors[0].desc;
//   std::string bytes(file->checkpoint().storages[desc.storage->id].size, '\0');
//   absl::Status status = file->Read(desc.storage->id, /*offset=*/0, absl::MakeSpan(bytes));
//
// The bytes equal those of the tensors that torch.load and safetensors load, in this machine's byte order. Of LibTorch
// it needs libc10 only.
//
// Thread safety: all const methods may be called from any number of threads; for compressed storages see Read.
// Lifetime: owns the file. The records are shared by pointer and may outlive it.

#ifndef METACONV_CHECKPOINT_CHECKPOINT_FILE_H_
#define METACONV_CHECKPOINT_CHECKPOINT_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
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
  // checkpoint() equals the result of ReadCheckpoint with ReadOptions::locate_storages. Errors: as ReadCheckpoint.
  static absl::StatusOr<CheckpointFile> Open(const std::string& path, const ReadOptions& options = {});

  const Checkpoint& checkpoint() const { return checkpoint_; }

  // The path that was given to Open, for messages.
  const std::string& path() const { return path_; }

  // Of the open file, for mmap. Owned by this object.
  int descriptor() const { return file_->descriptor(); }

  // Reads the bytes of the storage from `offset` on, until `into` is full.
  //
  // A StorageBytes::kPlain storage may be read in any order and by any number of threads. A kDeflated one must be read
  // in order, by one thread at a time: `offset` is where the last call for this storage ended, or 0 to start again. The
  // call that reads its last byte verifies the CRC-32. If StorageLocation::swap_size is not 1, `offset` and the end of
  // the range have to be multiples of it; the end may also be the end of the storage.
  //
  // Errors: kInvalidArgument if there is no such storage or range; kFailedPrecondition if a compressed storage is not
  // read in order, or if the storage is on the meta device; kUnimplemented if its bytes are StorageBytes::kComputed;
  // kDataLoss if they are damaged, or if the file was truncated after it was opened. Messages name the file, the
  // storage, the member and the offset. After an error the content of `into` is undefined.
  absl::Status Read(MetaStorageId id, std::int64_t offset, absl::Span<char> into) const;

  // Where the bytes of the storage begin in the file, if the file has them exactly as Read returns them: neither
  // compressed nor in another byte order. They may then be read from descriptor() in any way. Read does not verify the
  // CRC-32 of such a storage, so no check is lost; see CheckCrc32.
  //
  // Returns nothing for an empty storage, and if there is no such storage.
  std::optional<std::int64_t> PlainOffset(MetaStorageId id) const;

  // Reads the whole storage and compares its CRC-32 with that in the archive. Does nothing if StorageLocation::crc32 is
  // absent. Errors: as Read, and kDataLoss if the CRC-32 differs.
  absl::Status CheckCrc32(MetaStorageId id) const;

 private:
  CheckpointFile(std::string path, std::shared_ptr<const File> file, Checkpoint checkpoint);

  absl::StatusOr<const StorageLocation*> Find(MetaStorageId id) const;
  // Read without the checks of its arguments. Messages do not name the file and the storage.
  absl::Status ReadBytes(MetaStorageId id, const StorageLocation& location, std::int64_t offset,
                         absl::Span<char> into) const;
  // The status with the file, the storage and the member in front of its message.
  absl::Status Place(MetaStorageId id, const StorageLocation& location, const absl::Status& status) const;

  std::string path_;
  std::shared_ptr<const File> file_;
  Checkpoint checkpoint_;
  std::unique_ptr<DeflatedStreams> streams_;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_CHECKPOINT_FILE_H_
