// ExitCode: the exit codes of the command line.
//
// Thread safety: constants.
// Lifetime: constants.

#ifndef METACONV_TOOLS_CLI_EXIT_CODE_H_
#define METACONV_TOOLS_CLI_EXIT_CODE_H_

namespace metaconv::cli {

enum ExitCode : int {
  kExitOk = 0,
  // The command ran, and found a difference or a tensor that does not convert.
  kExitMismatch = 1,
  // The command could not run: a file cannot be read or written, or the command line is wrong.
  kExitError = 2,
};

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_EXIT_CODE_H_
