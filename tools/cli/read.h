// Reading the checkpoint that a command was given, with progress shown.
//
// Thread safety: for main().
// Lifetime: keeps nothing.

#ifndef METACONV_TOOLS_CLI_READ_H_
#define METACONV_TOOLS_CLI_READ_H_

#include <string>

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/checkpoint_file.h"

namespace metaconv::cli {

// `path` as the user gave it; honours --map-location.
absl::StatusOr<Checkpoint> ReadUserCheckpoint(const std::string& path);

// The same, to be loaded too.
absl::StatusOr<CheckpointFile> OpenUserCheckpoint(const std::string& path);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_READ_H_
