// ExitCode: what the command line tells a script.
//
// Thread safety: constants.
// Lifetime: constants.

#ifndef METACONV_TOOLS_CLI_EXIT_CODE_H_
#define METACONV_TOOLS_CLI_EXIT_CODE_H_

namespace metaconv::cli {

enum ExitCode : int {
  kExitOk = 0,
  // The work was done, and its answer is no: something changed, or something did not convert.
  kExitNo = 1,
  // The work could not be done: a file cannot be read or written, or the command line is wrong.
  kExitError = 2,
};

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_EXIT_CODE_H_
