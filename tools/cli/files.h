// Paths and output files of the command line.
//
// Thread safety: pure functions, except for the file system.
// Lifetime: keeps nothing.

#ifndef METACONV_TOOLS_CLI_FILES_H_
#define METACONV_TOOLS_CLI_FILES_H_

#include <functional>
#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace metaconv::cli {

// `path` relative to the user's working directory. `bazel run` starts programs in another directory, and passes the
// user's in BUILD_WORKING_DIRECTORY.
std::string UserPath(const std::string& path);

// Calls `write` with a stream to `path`, or to standard output if `path` is empty. A regular file is replaced
// atomically, or left unchanged on error. Anything else (a terminal, a pipe) is written to directly.
// Errors: kUnavailable with the path and the reason.
absl::Status WriteOutput(const std::string& path, const std::function<void(std::ostream&)>& write);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_FILES_H_
