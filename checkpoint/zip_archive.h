// ZipArchive: the members of a zip file, read through libzip.
//
// Only the directory is read when it is opened, so an archive of any size opens fast.
//
// Example:
//   absl::StatusOr<ZipArchive> archive = ZipArchive::Open(file);
//   const ZipMember* member = archive->Find("archive/data.pkl");
//   absl::StatusOr<std::unique_ptr<ByteSource>> source = archive->OpenMember(*member);
//
// Thread safety: for one thread at a time.
// Lifetime: independent of the File. Sources and members borrow from the archive.

#ifndef METACONV_CHECKPOINT_ZIP_ARCHIVE_H_
#define METACONV_CHECKPOINT_ZIP_ARCHIVE_H_

#include <zip.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/byte_source.h"
#include "checkpoint/file.h"

namespace metaconv {

struct ZipMember {
  std::string name;
  std::uint64_t index = 0;
  std::uint64_t size = 0;  // Inflated.
  std::uint64_t compressed_size = 0;
  std::uint16_t method = 0;
};

class ZipArchive {
 public:
  // Errors: kDataLoss if the directory is damaged or contradicts itself or the file's size.
  static absl::StatusOr<ZipArchive> Open(const File& file);

  // In the order of the directory.
  const std::vector<ZipMember>& members() const { return members_; }

  // Null if there is none.
  const ZipMember* Find(std::string_view name) const;

  // Errors: kUnimplemented if it is encrypted or compressed by another method than deflate, kDataLoss if it is damaged.
  absl::StatusOr<std::unique_ptr<ByteSource>> OpenMember(const ZipMember& member) const;

  // The whole of a small member. Errors: as OpenMember, and kDataLoss if it is longer than `limit`.
  absl::StatusOr<std::string> ReadMember(const ZipMember& member, std::size_t limit) const;

 private:
  struct Discard {
    void operator()(zip_t* zip) const { zip_discard(zip); }
  };

  ZipArchive() = default;
  absl::Status AddMember(std::uint64_t index);

  std::unique_ptr<zip_t, Discard> zip_;
  std::vector<ZipMember> members_;
  absl::flat_hash_map<std::string, std::size_t> by_name_;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_ZIP_ARCHIVE_H_
