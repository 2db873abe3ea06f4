// Reads the checkpoint named on the command line, and shows progress.
//
// Thread safety: call it from main() only.
// Lifetime: keeps nothing.

#ifndef METACONV_TOOLS_CLI_READ_H_
#define METACONV_TOOLS_CLI_READ_H_

#include <string>

#include "absl/status/statusor.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/checkpoint_file.h"
#include "meta/record_decoders.h"

namespace metaconv::cli {

// `path` is the argument of the command. Applies --map-location. Commands that build tensors pass decoders.
absl::StatusOr<Checkpoint> ReadUserCheckpoint(const std::string& path, RecordDecoders decoders = {});

// The same, and keeps the file open so that its bytes can be loaded.
absl::StatusOr<CheckpointFile> OpenUserCheckpoint(const std::string& path);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_READ_H_
