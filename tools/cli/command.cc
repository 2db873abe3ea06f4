#include "tools/cli/command.h"

#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/other_binary.h"

namespace metaconv::cli {
namespace {

constexpr std::string_view kProgram = "metaconv";

std::vector<std::string> ArgumentNames(const Command& command) {
  return absl::StrSplit(std::string(command.arguments), ' ', absl::SkipEmpty());
}

std::string Usage(const Command& command) {
  std::string usage = absl::StrCat(std::string(kProgram), " ", std::string(command.name));
  for (const std::string& argument : ArgumentNames(command)) absl::StrAppend(&usage, " ", argument);
  return command.flags.empty() ? usage : absl::StrCat(usage, " [flags]");
}

// Flags have dashes on the command line, and underscores in Abseil's names.
std::string Spelling(std::string_view flag) { return absl::StrReplaceAll(std::string(flag), {{"_", "-"}}); }
std::string FlagName(std::string spelling) { return absl::StrReplaceAll(spelling, {{"-", "_"}}); }

void PrintHelp(const Command& command) {
  std::cout << command.summary << "\n\nUsage: " << Usage(command) << '\n';
  if (!command.help.empty()) std::cout << '\n' << command.help << '\n';
  if (!command.flags.empty()) std::cout << "\nFlags:\n";
  for (const std::string_view name : command.flags) {
    const absl::CommandLineFlag& flag = *absl::FindCommandLineFlag(std::string(name));
    std::cout << "  --" << Spelling(name) << "  " << flag.Help();
    if (!flag.DefaultValue().empty()) std::cout << " Default: " << flag.DefaultValue() << '.';
    std::cout << '\n';
  }
}

void PrintOverview(std::span<const Command> commands, std::ostream& os) {
  os << "Reads the tensors of PyTorch checkpoints without their weights, converts them to tensors with or without\n"
        "data, and checks them for changes.\n\n"
     << "Usage: " << kProgram << " COMMAND [arguments] [flags]\n\nCommands:\n";
  for (const Command& command : commands) {
    os << "  " << command.name << std::string(std::max<std::size_t>(10 - command.name.size(), 1), ' ')
       << command.summary << '\n';
  }
  os << "\nFor the flags of a command, run '" << kProgram << " COMMAND --help'.\n"
     << "Exit codes: 0 success; 1 found a difference, or a tensor that does not convert; 2 error.\n";
}

bool IsHelp(std::string_view argument) { return argument == "--help" || argument == "-h" || argument == "-help"; }

// Sets the flag named by args[i]. Its value is in the same argument or the next one. Advances `i` to the last argument
// used.
absl::Status SetFlag(const Command& command, std::span<const std::string> args, std::size_t& i) {
  const std::string& argument = args[i];
  const std::size_t dashes = absl::StartsWith(argument, "--") ? 2 : 1;
  const std::size_t equals = argument.find('=');
  const std::string name = FlagName(argument.substr(dashes, equals - std::min(dashes, equals)));
  if (std::find(command.flags.begin(), command.flags.end(), name) == command.flags.end()) {
    std::vector<std::string> known;
    for (const std::string_view flag : command.flags) known.push_back(absl::StrCat("--", Spelling(flag)));
    return absl::InvalidArgumentError(absl::StrCat("unknown flag '", argument, "': '", std::string(command.name),
                                                   "' takes ",
                                                   known.empty() ? "no flags" : absl::StrJoin(known, ", ")));
  }
  absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
  std::string value;
  if (equals != std::string::npos) {
    value = argument.substr(equals + 1);
  } else if (flag->IsOfType<bool>()) {
    value = "true";
  } else if (i + 1 < args.size()) {
    value = args[++i];
  } else {
    return absl::InvalidArgumentError(absl::StrCat("flag --", Spelling(name), " needs a value"));
  }
  std::string error;
  if (!flag->ParseFrom(value, &error)) {
    return absl::InvalidArgumentError(error);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Parse(const Command& command, std::span<const std::string> args) {
  std::vector<std::string> positional;
  bool only_positional = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!only_positional && args[i] == "--") {
      only_positional = true;
    } else if (only_positional || args[i].size() < 2 || args[i][0] != '-') {
      positional.push_back(args[i]);
    } else if (absl::Status status = SetFlag(command, args, i); !status.ok()) {
      return status;
    }
  }
  const std::vector<std::string> names = ArgumentNames(command);
  if (positional.size() != names.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected ", names.empty() ? "no arguments" : absl::StrJoin(names, " "), ", found ",
                     positional.empty() ? "none" : absl::StrCat("'", absl::StrJoin(positional, "' '"), "'")));
  }
  return positional;
}

int Fail(const absl::Status& status) {
  std::cerr << kProgram << ": " << status.message() << '\n';
  return kExitError;
}

int FailUsage(const Command& command, const absl::Status& status) {
  Fail(status);
  std::cerr << "Usage: " << Usage(command) << ". For details, run '" << kProgram << ' ' << command.name
            << " --help'.\n";
  return kExitError;
}

}  // namespace

int Main(std::span<const Command> commands, int argc, char** argv) {
  const std::vector<std::string> args(argv + std::min(argc, 1), argv + argc);
  if (args.empty()) {
    PrintOverview(commands, std::cerr);
    return kExitError;
  }
  if (IsHelp(args[0]) || args[0] == "help") {
    PrintOverview(commands, std::cout);
    return kExitOk;
  }
  const auto command = std::find_if(commands.begin(), commands.end(),
                                    [&](const Command& candidate) { return candidate.name == args[0]; });
  if (command == commands.end()) {
    Fail(absl::InvalidArgumentError(absl::StrCat("unknown command '", args[0], "'")));
    PrintOverview(commands, std::cerr);
    return kExitError;
  }
  if (!command->other_binary.empty()) return Fail(RunOtherBinary(command->other_binary, argv));

  const std::span<const std::string> rest = std::span(args).subspan(1);
  if (std::any_of(rest.begin(), std::find(rest.begin(), rest.end(), "--"), IsHelp)) {
    PrintHelp(*command);
    return kExitOk;
  }
  const absl::StatusOr<std::vector<std::string>> positional = Parse(*command, rest);
  if (!positional.ok()) return FailUsage(*command, positional.status());
  const absl::StatusOr<int> exit_code = command->run(*positional);
  if (!exit_code.ok()) return Fail(exit_code.status());
  if (!std::cout.flush()) return Fail(absl::UnavailableError("cannot write to standard output"));
  return *exit_code;
}

}  // namespace metaconv::cli
