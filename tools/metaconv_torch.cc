// The commands of the metaconv command line that create tensors, and therefore load LibTorch's operators.

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
#include "kinds/record_decoders.h"
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

// convert --materialize: creates real tensors.
absl::StatusOr<int> Load(const std::string& path, c10::Device device) {
  const absl::StatusOr<CheckpointFile> file = OpenUserCheckpoint(path);
  if (!file.ok()) return file.status();
  const absl::StatusOr<LoadReport> report =
      LoadAll(*file, {.device = device, .map = absl::GetFlag(FLAGS_map), .verify = absl::GetFlag(FLAGS_verify)});
  if (!report.ok()) return report.status();
  WriteReport(*report, absl::GetFlag(FLAGS_format), std::cout);
  return report->successful() ? kExitOk : kExitMismatch;
}

absl::StatusOr<int> Convert(std::span<const std::string> arguments) {
  if (absl::GetFlag(FLAGS_format) == OutputFormat::kRecords) {
    return absl::InvalidArgumentError("--format=mcr is for describe");
  }
  if (const DeviceFlag materialize = absl::GetFlag(FLAGS_materialize); materialize.device.has_value()) {
    return Load(arguments[0], *materialize.device);
  }
  if (absl::GetFlag(FLAGS_map) || absl::GetFlag(FLAGS_verify)) {
    return absl::InvalidArgumentError("--map and --verify need --materialize=DEVICE");
  }
  const absl::StatusOr<Checkpoint> checkpoint = ReadUserCheckpoint(arguments[0], TorchDecoders());
  if (!checkpoint.ok()) return checkpoint.status();
  const ConversionReport report = ConvertAll(checkpoint->tensors);
  WriteReport(report, absl::GetFlag(FLAGS_format), std::cout);
  return report.successful() ? kExitOk : kExitMismatch;
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
  std::cout << "The records of a transformer block:\n\n";
  WriteTable(records, {}, std::cout);
  std::cout << "\nConverting these records to tensors without data:\n\n";
  const ConversionReport report = ConvertAll(records);
  WriteReport(report, OutputFormat::kTable, std::cout);
  std::cout << "\nTo describe a checkpoint of your own, run: metaconv describe FILE\n";
  return report.successful() ? kExitOk : kExitMismatch;
}

constexpr std::string_view kConvertFlags[] = {"format", "map", "map_location", "materialize", "verify"};

constexpr Command kCommands[] = {
    {"demo", "", "Describe and convert a small built-in model, as a demonstration.", "", {}, Demo},
    {"convert", "FILE", "Create the tensors of a checkpoint on the meta device, and check them.",
     "Checks each result against its record, and that results share storages exactly where the file's tensors do.\n"
     "With --materialize, creates real tensors instead, all or none, and reports throughput and peak memory.\n"
     "Exit codes: 0 if everything converted; 1 if a tensor did not convert (prints each one on its own line) or\n"
     "differs from the file; 2 if FILE cannot be read or loaded.",
     kConvertFlags, Convert},
};

}  // namespace
}  // namespace metaconv::cli

int main(int argc, char** argv) { return metaconv::cli::Main(metaconv::cli::kCommands, argc, argv); }
