#include "tools/cli/read.h"

#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "tools/cli/files.h"
#include "tools/cli/flags.h"
#include "tools/cli/progress.h"

namespace metaconv::cli {

absl::StatusOr<Checkpoint> ReadUserCheckpoint(const std::string& path, RecordDecoders decoders) {
  const Progress progress(absl::StrCat("reading ", path));
  return ReadCheckpoint(UserPath(path),
                        {.map_location = absl::GetFlag(FLAGS_map_location).device, .decoders = std::move(decoders)});
}

absl::StatusOr<CheckpointFile> OpenUserCheckpoint(const std::string& path) {
  const Progress progress(absl::StrCat("reading ", path));
  return CheckpointFile::Open(UserPath(path),
                              {.map_location = absl::GetFlag(FLAGS_map_location).device, .sparse_parts = true});
}

}  // namespace metaconv::cli
