// Command: a subcommand of the command line, and the main function that dispatches to it.
//
// Flags are Abseil flags. Each command lists the flags that it accepts: a flag of another command is an error instead
// of being ignored, and `--help` shows only the listed ones. Wrong usage exits with kExitError and changes nothing.
//
// Example:
//   constexpr std::string_view kDescribeFlags[] = {"format", "output"};
//   const Command kCommands[] = {{"describe", "FILE", "What is in a checkpoint.", kDescribeFlags, RunDescribe}};
//   int main(int argc, char** argv) { return metaconv::cli::Main(kCommands, argc, argv); }
//
// Thread safety: call it from main() only.
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
  // The names of the positional arguments, separated by spaces. All are required.
  std::string_view arguments;
  std::string_view summary;  // One line.
  std::string_view help;     // Further text for `--help`; may be empty.
  std::span<const std::string_view> flags;
  // Returns the exit code.
  absl::StatusOr<int> (*run)(std::span<const std::string> arguments);
  // If not empty, the command is implemented by another binary in the same directory, which replaces this process.
  std::string_view other_binary = {};
};

// Returns the exit code.
int Main(std::span<const Command> commands, int argc, char** argv);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_COMMAND_H_
