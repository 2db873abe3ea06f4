// ArchiveReader: reads the pickles of a zip archive that PyTorch wrote, and finds the storages that they refer to.
//
// All members of such an archive are in one folder: pickles (data.pkl, constants.pkl), and for each pickle a folder of
// records, which contain the bytes of the storages. Records are not read, since the directory of the archive has their
// sizes. If ReadOptions::locate_storages is set, the local header of each record is read to find its offset.
//
// Thread safety: for one thread at a time.
// Lifetime: borrows the archive, the heap and the table.

#ifndef METACONV_CHECKPOINT_TORCH_ARCHIVE_READER_H_
#define METACONV_CHECKPOINT_TORCH_ARCHIVE_READER_H_

#include <bit>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/io/zip_archive.h"
#include "checkpoint/pickle/pickle_heap.h"
#include "checkpoint/pickle/pickle_value.h"
#include "checkpoint/pickle/unpickler.h"
#include "checkpoint/storage_location.h"
#include "checkpoint/torch/storage_id.h"
#include "checkpoint/torch/storage_table.h"

namespace metaconv {

// The folder of the first member, which is the folder of all members in an archive of PyTorch; empty if there is none.
std::string ArchiveFolder(const ZipArchive& archive);

class ArchiveReader {
 public:
  ArchiveReader(const ZipArchive& archive, const ReadOptions& options, PickleHeap& heap, StorageTable& storages)
      : archive_(archive), folder_(ArchiveFolder(archive)), options_(options), heap_(heap), storages_(storages) {}

  // The full name of a member: "FOLDER/name".
  std::string MemberName(std::string_view name) const;

  // Reads the pickle `name`. The records of its storages are in the folder `records`, in the byte order `order`.
  absl::StatusOr<PickleValue> ReadPickle(std::string_view name, std::string_view records, std::endian order);

 private:
  absl::StatusOr<Unpickled> UnpickleMember(const ZipMember& member);
  absl::Status ResolveStorages(const Unpickled& pickle, std::string_view records, std::endian order);
  // The member with the bytes of a storage; null if the storage has no bytes and so needs no member.
  absl::StatusOr<const ZipMember*> FindRecord(const StorageId& id, std::string_view records) const;
  // `record` may be null.
  absl::StatusOr<StorageLocation> Locate(const StorageId& id, const ZipMember* record) const;

  const ZipArchive& archive_;
  const std::string folder_;
  const ReadOptions options_;
  PickleHeap& heap_;
  StorageTable& storages_;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_TORCH_ARCHIVE_READER_H_
