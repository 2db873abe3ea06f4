// RunOtherBinary: becomes another program, which lies beside this one.
//
// The commands that build tensors live in a binary of their own: loading LibTorch's operators takes 0.2 s, which those
// that only read records should not pay.
//
// Thread safety: replaces the process.
// Lifetime: does not return on success.

#ifndef METACONV_TOOLS_CLI_OTHER_BINARY_H_
#define METACONV_TOOLS_CLI_OTHER_BINARY_H_

#include <string_view>

#include "absl/status/status.h"

namespace metaconv::cli {

// Returns only if it fails: kNotFound with where the program was looked for.
absl::Status RunOtherBinary(std::string_view name, char** argv);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_OTHER_BINARY_H_
