// FileProbe: an open file with what is needed to find out its format.
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
  // Errors: as File::Open and ZipArchive::Open.
  static absl::StatusOr<FileProbe> Open(const std::string& path);

  std::shared_ptr<const File> file;
  std::string head;               // The first 4 KiB, or the whole file if it is shorter.
  std::optional<ZipArchive> zip;  // Present if the file is a zip archive.
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_FILE_PROBE_H_
