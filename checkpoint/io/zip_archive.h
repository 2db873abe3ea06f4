// ZipArchive: the members of a zip file.
//
// Opening an archive reads its directory only, so the time does not depend on the size of the members.
//
// Example:
//   absl::StatusOr<ZipArchive> archive = ZipArchive::Open(file);
//   const ZipMember* member = archive->Find("archive/data.pkl");
//   absl::StatusOr<std::unique_ptr<ByteSource>> source = archive->OpenMember(*member);
//
// Thread safety: all const methods may be called from any number of threads; each source is for one thread at a time.
// Lifetime: shares ownership of the file. Members belong to the archive, sources borrow the file.

#ifndef METACONV_CHECKPOINT_IO_ZIP_ARCHIVE_H_
#define METACONV_CHECKPOINT_IO_ZIP_ARCHIVE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/file.h"
#include "checkpoint/io/zip_directory.h"

namespace metaconv {

class ZipArchive {
 public:
  // Errors: kDataLoss if the directory is damaged, inconsistent, or does not fit the size of the file.
  static absl::StatusOr<ZipArchive> Open(std::shared_ptr<const File> file);

  ZipArchive(ZipArchive&&) = default;
  ZipArchive& operator=(ZipArchive&&) = default;

  // In the order of the directory.
  const std::vector<ZipMember>& members() const { return members_; }

  // Null if there is none.
  const ZipMember* Find(std::string_view name) const;

  // False if the CRC-32 of every member is 0. That is what torch.save writes after
  // torch.serialization.set_crc32_options(False). An archive with CRC-32s has other values too, since torch.save writes
  // members of a constant content whose CRC-32 is not 0.
  bool has_checksums() const { return has_checksums_; }

  // The offset in the file of the first byte of a member's data. It reads the local header of the member, which
  // precedes the data. The `compressed_size` bytes from there on are inside the file.
  // Errors: kUnimplemented if it is encrypted or compressed by another method than deflate, kDataLoss if it is damaged.
  absl::StatusOr<std::uint64_t> Locate(const ZipMember& member) const;

  // The decompressed bytes of a member. The source verifies the CRC-32 at its end, if the archive has checksums.
  // Errors: as Locate.
  absl::StatusOr<std::unique_ptr<ByteSource>> OpenMember(const ZipMember& member) const;

  // All bytes of a small member. Errors: as OpenMember, and kDataLoss if it is longer than `limit`.
  absl::StatusOr<std::string> ReadMember(const ZipMember& member, std::size_t limit) const;

 private:
  explicit ZipArchive(std::shared_ptr<const File> file) : file_(std::move(file)) {}
  absl::Status AddMembers();

  std::shared_ptr<const File> file_;
  bool has_checksums_ = false;
  std::vector<ZipMember> members_;
  absl::flat_hash_map<absl::string_view, const ZipMember*> by_name_;  // Borrows from members_.
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_ZIP_ARCHIVE_H_
