#include "checkpoint/io/file_mapping.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace metaconv {

absl::StatusOr<FileMapping> FileMapping::Map(const File& file) {
  if (file.size() == 0) return FileMapping({});
  struct stat info;
  if (fstat(file.descriptor(), &info) != 0) return absl::ErrnoToStatus(errno, "cannot stat");
  if (static_cast<std::uint64_t>(info.st_size) < file.size()) {
    return absl::DataLossError(absl::StrCat("expected ", file.size(), " bytes, found ", info.st_size,
                                            ": the file was truncated after it was opened"));
  }
  // Pages are read when they are used: most of a file that is refused at its header is never read.
  void* address = mmap(nullptr, file.size(), PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (address == MAP_FAILED) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot map ", file.size(), " bytes: ", std::strerror(errno)));
  }
  madvise(address, file.size(), MADV_SEQUENTIAL);  // Only a hint, so an error has no consequence.
  return FileMapping({static_cast<const char*>(address), file.size()});
}

FileMapping::~FileMapping() {
  if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace metaconv
