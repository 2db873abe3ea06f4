// The commands of the metaconv command line that build tensors, and so load LibTorch's operators.

#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/checkpoint_file.h"
#include "describer/meta_tensor_describer.h"
#include "tools/cli/command.h"
#include "tools/cli/conversion_report.h"
#include "tools/cli/demo_graph.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/flags.h"
#include "tools/cli/load_report.h"
#include "tools/cli/read.h"
#include "tools/cli/table.h"

namespace metaconv::cli {
namespace {

// With real tensors, rather than ones without data.
absl::StatusOr<int> Load(const std::string& path, c10::Device device) {
  const absl::StatusOr<CheckpointFile> file = OpenUserCheckpoint(path);
  if (!file.ok()) return file.status();
  const absl::StatusOr<LoadReport> report =
      LoadAll(*file, {.device = device, .map = absl::GetFlag(FLAGS_map), .verify = absl::GetFlag(FLAGS_verify)});
  if (!report.ok()) return report.status();
  WriteReport(*report, absl::GetFlag(FLAGS_format), std::cout);
  return report->successful() ? kExitOk : kExitNo;
}

absl::StatusOr<int> Convert(std::span<const std::string> arguments) {
  if (const DeviceFlag materialize = absl::GetFlag(FLAGS_materialize); materialize.device.has_value()) {
    return Load(arguments[0], *materialize.device);
  }
  if (absl::GetFlag(FLAGS_map) || absl::GetFlag(FLAGS_verify)) {
    return absl::InvalidArgumentError("expected --materialize=DEVICE with --map and --verify, found none");
  }
  const absl::StatusOr<Checkpoint> checkpoint = ReadUserCheckpoint(arguments[0]);
  if (!checkpoint.ok()) return checkpoint.status();
  const ConversionReport report = ConvertAll(checkpoint->tensors);
  WriteReport(report, absl::GetFlag(FLAGS_format), std::cout);
  return report.successful() ? kExitOk : kExitNo;
}

absl::StatusOr<int> Demo(std::span<const std::string>) {
  const std::vector<DemoTensor> graph = DemoGraph();
  MetaTensorDescriber describer;
  std::vector<NamedTensor> records;
  for (const DemoTensor& demo : graph) {
    const absl::StatusOr<MetaTensorDescPtr> desc =
        describer.DescribeTensor(demo.tensor, {.facts = {.is_parameter = demo.is_parameter}});
    if (!desc.ok()) return desc.status();
    records.push_back({demo.name, *desc});
  }
  std::cout << "A transformer block in memory, described:\n\n";
  WriteTable(records, {}, std::cout);
  std::cout << "\nConverted to tensors without data, from these records alone:\n\n";
  const ConversionReport report = ConvertAll(records);
  WriteReport(report, OutputFormat::kTable, std::cout);
  std::cout << "\nNext: metaconv describe FILE, with a checkpoint of your own.\n";
  return report.successful() ? kExitOk : kExitNo;
}

constexpr std::string_view kConvertFlags[] = {"format", "map", "map_location", "materialize", "verify"};

constexpr Command kCommands[] = {
    {"demo", "", "Show what this is about on a small built-in model.", "", {}, Demo},
    {"convert", "FILE", "Make the tensors of a checkpoint on the meta device, and check them.",
     "With --materialize it makes real tensors instead, all or none, and says how fast and in how much memory.\n"
     "Every result is checked against its record, and all of them for sharing memory exactly where the file does.\n"
     "Exits with 0 if everything converted, with 1 if something did not (each on a line of its own) or differs "
     "from\n"
     "the file, and with 2 if FILE cannot be read or loaded.",
     kConvertFlags, Convert},
};

}  // namespace
}  // namespace metaconv::cli

int main(int argc, char** argv) { return metaconv::cli::Main(metaconv::cli::kCommands, argc, argv); }
