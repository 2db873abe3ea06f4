// FileProbe: what is known of a file before anybody decides what it is.
//
// Thread safety: for one thread at a time.
// Lifetime: owns the archive, shares the file.

#ifndef METACONV_CHECKPOINT_IO_FILE_PROBE_H_
#define METACONV_CHECKPOINT_IO_FILE_PROBE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "checkpoint/io/file.h"
#include "checkpoint/io/zip_archive.h"

namespace metaconv {

struct FileProbe {
  static absl::StatusOr<FileProbe> Open(const std::string& path);

  std::shared_ptr<const File> file;
  std::string head;               // The first kilobytes.
  std::optional<ZipArchive> zip;  // If it is a zip file.
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_FILE_PROBE_H_
