// LoadReport: loads a checkpoint as real tensors, and reports the outcome.
//
// Example:
//   absl::StatusOr<LoadReport> report = LoadAll(file, {.device = at::kCPU, .verify = true});
//   if (!report.ok()) return report.status();
//   WriteReport(*report, OutputFormat::kTable, std::cout);
//
// Thread safety: call it from main() only.
// Lifetime: owns its values. The tensors are destroyed before LoadAll returns.

#ifndef METACONV_TOOLS_CLI_LOAD_REPORT_H_
#define METACONV_TOOLS_CLI_LOAD_REPORT_H_

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "checkpoint/checkpoint_file.h"
#include "tools/cli/flags.h"

namespace metaconv::cli {

struct LoadOptions {
  c10::Device device = c10::Device(c10::DeviceType::CPU);
  bool map = false;     // Map the storages for which that is possible: see CheckpointDataOptions.
  bool verify = false;  // Compare every byte with the file after loading.
};

struct LoadReport {
  std::string device;
  std::int64_t names = 0;
  std::int64_t storages = 0;
  std::int64_t bytes = 0;
  double seconds = 0;                      // Allocating, reading, building and checking all tensors.
  std::optional<std::int64_t> peak_bytes;  // Host memory, in addition to what the process used before.
  std::optional<absl::Status> comparison;  // The result of comparing with the file, if that was requested.
  double verify_seconds = 0;

  double bytes_per_second() const { return seconds > 0 ? static_cast<double>(bytes) / seconds : 0; }
  bool successful() const { return !comparison.has_value() || comparison->ok(); }
};

// Loads all tensors or none. Errors: those of Materialize and CheckpointData.
absl::StatusOr<LoadReport> LoadAll(const CheckpointFile& file, const LoadOptions& options);

void WriteReport(const LoadReport& report, OutputFormat format, std::ostream& os);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_LOAD_REPORT_H_
