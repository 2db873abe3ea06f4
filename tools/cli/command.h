// Command: a subcommand, and running the one that the command line names.
//
// Flags are Abseil flags; each command lists those that it takes, so that a flag of another command is an error rather
// than silently ignored, and `--help` shows what matters. Wrong usage exits with kExitError and changes nothing.
//
// Example:
//   constexpr std::string_view kDescribeFlags[] = {"format", "output"};
//   const Command kCommands[] = {{"describe", "FILE", "What is in a checkpoint.", kDescribeFlags, RunDescribe}};
//   int main(int argc, char** argv) { return metaconv::cli::Main(kCommands, argc, argv); }
//
// Thread safety: none; for main().
// Lifetime: commands are static.

#ifndef METACONV_TOOLS_CLI_COMMAND_H_
#define METACONV_TOOLS_CLI_COMMAND_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace metaconv::cli {

struct Command {
  std::string_view name;
  // The positional arguments by name, separated by blanks: each must be given.
  std::string_view arguments;
  std::string_view summary;  // One line.
  std::string_view help;     // The rest of `--help`; may be empty.
  std::span<const std::string_view> flags;
  // Returns the exit code.
  absl::StatusOr<int> (*run)(std::span<const std::string> arguments);
  // Set: this command lives in another binary, beside this one, which is started in our place.
  std::string_view other_binary = {};
};

// Returns the exit code.
int Main(std::span<const Command> commands, int argc, char** argv);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_COMMAND_H_
