// RunOtherBinary: replaces this process by another program in the same directory.
//
// The commands that create tensors are in a separate binary, because loading LibTorch's operators takes 0.2 s, which
// the commands that only read records do not need.
//
// Thread safety: replaces the process.
// Lifetime: does not return on success.

#ifndef METACONV_TOOLS_CLI_OTHER_BINARY_H_
#define METACONV_TOOLS_CLI_OTHER_BINARY_H_

#include <string_view>

#include "absl/status/status.h"

namespace metaconv::cli {

// Returns only on failure: kNotFound with the path of the program.
absl::Status RunOtherBinary(std::string_view name, char** argv);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_OTHER_BINARY_H_
