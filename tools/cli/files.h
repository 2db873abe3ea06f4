// Paths and files as the command line means them.
//
// Thread safety: pure functions but for the file system.
// Lifetime: keeps nothing.

#ifndef METACONV_TOOLS_CLI_FILES_H_
#define METACONV_TOOLS_CLI_FILES_H_

#include <functional>
#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace metaconv::cli {

// `path` seen from where the user stood: `bazel run` starts programs elsewhere, and says where that was.
std::string UserPath(const std::string& path);

// Writes what `write` puts out to `path`, or to standard output if `path` is empty. A regular file is written whole or
// left as it was; anything else (a terminal, a pipe) is written to as it comes.
// Errors: kUnavailable with the path and the reason.
absl::Status WriteOutput(const std::string& path, const std::function<void(std::ostream&)>& write);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_FILES_H_
