// The members of a tar archive, in the ustar and pax formats that Python's tarfile module writes.
//
// Example:
//   TarDirectory directory = ReadTarDirectory(file);
//
// Thread safety: pure functions.

#ifndef METACONV_CHECKPOINT_IO_TAR_MEMBERS_H_
#define METACONV_CHECKPOINT_IO_TAR_MEMBERS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "checkpoint/io/file.h"

namespace metaconv {

struct TarMember {
  std::uint64_t offset = 0;  // Of the content, in the file.
  std::uint64_t size = 0;
};

struct TarDirectory {
  // The regular files, by name. Of several members of one name, the last one counts, as in tar.
  absl::flat_hash_map<std::string, TarMember> members;
  // OK if all headers up to the end of the archive were read. `members` has the members before the error.
  // Errors: kDataLoss if a header is damaged or a member reaches past the end, kResourceExhausted past 10,000 members.
  absl::Status status;
};

// Whether `head`, the first bytes of a file, begins with a tar header, whose checksum is correct.
bool IsTar(std::string_view head);

TarDirectory ReadTarDirectory(const File& file);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_TAR_MEMBERS_H_
