// The metaconv command line. This binary implements the commands that only read records, and starts in milliseconds.
// The commands that create tensors are in metaconv_torch, which this binary starts for them.

#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/checkpoint.h"
#include "meta/binary/encode_records.h"
#include "nlohmann/json.hpp"
#include "tools/cli/command.h"
#include "tools/cli/document.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/files.h"
#include "tools/cli/flags.h"
#include "tools/cli/lock_file.h"
#include "tools/cli/progress.h"
#include "tools/cli/read.h"
#include "tools/cli/table.h"

namespace metaconv::cli {
namespace {

absl::StatusOr<int> DescribeAsRecords(const Checkpoint& checkpoint) {
  const absl::StatusOr<std::string> bytes = EncodeRecords(checkpoint.tensors, checkpoint.opaque);
  if (!bytes.ok()) return bytes.status();
  const absl::Status written = WriteOutput(absl::GetFlag(FLAGS_output), [&](std::ostream& os) { os << *bytes; });
  if (!written.ok()) return written;
  return kExitOk;
}

absl::StatusOr<int> Describe(std::span<const std::string> arguments) {
  const absl::StatusOr<Checkpoint> checkpoint = ReadUserCheckpoint(arguments[0]);
  if (!checkpoint.ok()) return checkpoint.status();
  if (absl::GetFlag(FLAGS_format) == OutputFormat::kRecords) return DescribeAsRecords(*checkpoint);
  const absl::Status written = WriteOutput(absl::GetFlag(FLAGS_output), [&](std::ostream& os) {
    if (absl::GetFlag(FLAGS_format) == OutputFormat::kTable) {
      WriteTable(checkpoint->tensors, checkpoint->opaque, os);
    } else {
      WriteDocument(checkpoint->tensors, checkpoint->opaque, /*describer_id=*/0, os);
    }
  });
  if (!written.ok()) return written;
  return kExitOk;
}

nlohmann::json LockWithProgress(const Checkpoint& checkpoint) {
  const Progress progress("creating lock entries");
  return LockOf(checkpoint);
}

absl::StatusOr<int> Lock(std::span<const std::string> arguments) {
  const absl::StatusOr<Checkpoint> checkpoint = ReadUserCheckpoint(arguments[0]);
  if (!checkpoint.ok()) return checkpoint.status();
  const nlohmann::json lock = LockWithProgress(*checkpoint);
  const absl::Status written = WriteOutput(absl::GetFlag(FLAGS_output), [&](std::ostream& os) { WriteLock(lock, os); });
  if (!written.ok()) return written;
  return kExitOk;
}

absl::StatusOr<int> Check(std::span<const std::string> arguments) {
  const std::string lock_path = absl::GetFlag(FLAGS_lock);
  if (lock_path.empty()) return absl::InvalidArgumentError("check needs --lock=FILE, written by 'metaconv lock'");
  const absl::StatusOr<nlohmann::json> locked = ReadLock(UserPath(lock_path));
  if (!locked.ok()) return locked.status();
  const absl::StatusOr<Checkpoint> checkpoint = ReadUserCheckpoint(arguments[0]);
  if (!checkpoint.ok()) return checkpoint.status();
  const std::vector<std::string> lines = CompareLocks(*locked, LockWithProgress(*checkpoint));
  for (const std::string& line : lines) std::cout << line << '\n';
  if (!lines.empty()) return kExitMismatch;
  std::cout << arguments[0] << " matches " << lock_path << ": " << checkpoint->tensors.size() << " names compared\n";
  return kExitOk;
}

constexpr std::string_view kDescribeFlags[] = {"format", "map_location", "output"};
constexpr std::string_view kLockFlags[] = {"map_location", "output"};
constexpr std::string_view kCheckFlags[] = {"lock", "map_location"};

constexpr Command kCommands[] = {
    {"demo", "", "Describe and convert a small built-in model, as a demonstration.", "", {}, nullptr, "metaconv_torch"},
    {"describe", "FILE", "List the tensors of a checkpoint without reading its weights.",
     "FILE is a file written by torch.save, torch.jit.save, safetensors or --format=mcr. No code in it is executed.",
     kDescribeFlags, Describe},
    {"convert",
     "FILE",
     "Create the tensors of a checkpoint on the meta device, and check them.",
     "",
     {},
     nullptr,
     "metaconv_torch"},
    {"lock", "FILE", "Write a lock file with the metadata of a checkpoint's tensors, for later checks.", "", kLockFlags,
     Lock},
    {"check", "FILE", "Compare a checkpoint with a lock file.",
     "Exit codes: 0 if they match; 1 if they differ (prints each difference on its own line); 2 on error.", kCheckFlags,
     Check},
};

}  // namespace
}  // namespace metaconv::cli

int main(int argc, char** argv) { return metaconv::cli::Main(metaconv::cli::kCommands, argc, argv); }
