// ReadZipDirectory: the members of a zip archive, from the directory at its end.
//
// Example:
//   absl::StatusOr<std::vector<ZipMember>> members = ReadZipDirectory(file);
//   for (const ZipMember& member : *members) std::cout << member.name << ' ' << member.size << '\n';
//
// Thread safety: any number of threads.
// Lifetime: the result is independent of the file.

#ifndef METACONV_CHECKPOINT_IO_ZIP_DIRECTORY_H_
#define METACONV_CHECKPOINT_IO_ZIP_DIRECTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "checkpoint/io/file.h"

namespace metaconv {

struct ZipMember {
  static constexpr std::uint16_t kStored = 0;
  static constexpr std::uint16_t kDeflated = 8;

  std::string name;
  std::uint64_t header_offset = 0;  // Of the local header, which precedes the data.
  std::uint64_t size = 0;           // Decompressed.
  std::uint64_t compressed_size = 0;
  std::uint16_t method = 0;
  std::uint32_t crc32 = 0;  // Valid only if ZipArchive::has_checksums().
  bool is_encrypted = false;

  bool IsStored() const { return method == kStored; }
};

// In the order of the directory. Its memory grows with the bytes of the directory that have been read, not with the
// number of members that the archive claims to have. The numbers are as the directory has them, unchecked.
// Errors: kDataLoss if the directory is missing, damaged, or does not fit the size of the file.
absl::StatusOr<std::vector<ZipMember>> ReadZipDirectory(const File& file);

// The offset in the file of the first byte of the member's data, from its local header.
// Errors: kDataLoss if there is no local header.
absl::StatusOr<std::uint64_t> ReadZipDataOffset(const File& file, const ZipMember& member);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_ZIP_DIRECTORY_H_
