// ArchiveReader: pickles in an archive by PyTorch, and the storages they refer to.
//
// Such an archive has one folder at its top, and in it pickles (data.pkl, constants.pkl) each with a folder of storage
// records. The weights are never read: the directory of the zip file tells their sizes. Only to find out where exactly
// they lie, the header before each is read.
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

// The folder that all members of PyTorch's archives are in, which is that of the first one; empty if there is none.
std::string ArchiveFolder(const ZipArchive& archive);

class ArchiveReader {
 public:
  ArchiveReader(const ZipArchive& archive, const ReadOptions& options, PickleHeap& heap, StorageTable& storages)
      : archive_(archive), folder_(ArchiveFolder(archive)), options_(options), heap_(heap), storages_(storages) {}

  // "FOLDER/name".
  std::string MemberName(std::string_view name) const;

  // Reads the pickle `name`; the records of its storages are in the folder `records`, their elements in the order of
  // bytes `order`.
  absl::StatusOr<PickleValue> ReadPickle(std::string_view name, std::string_view records, std::endian order);

 private:
  absl::StatusOr<Unpickled> UnpickleMember(const ZipMember& member);
  absl::Status ResolveStorages(const Unpickled& pickle, std::string_view records, std::endian order);
  // Null if there is none and need not be one.
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
