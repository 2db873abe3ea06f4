#include "tools/cli/flags.h"

#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "meta/torch_status.h"

ABSL_FLAG(metaconv::cli::OutputFormat, format, metaconv::cli::OutputFormat::kTable,
          "Output format: 'table', 'json', or for describe also 'mcr', records in binary form.");
ABSL_FLAG(std::string, lock, "", "The lock file to compare with.");
ABSL_FLAG(bool, map, false,
          "Map the file into memory instead of copying it, for all storages for which that is possible.");
ABSL_FLAG(metaconv::cli::DeviceFlag, map_location, {},
          "Record this device, such as 'cpu', for all tensors instead of the devices in the file.");
ABSL_FLAG(metaconv::cli::DeviceFlag, materialize, {},
          "Create real tensors on this device, 'cpu' or 'cuda:N', with the bytes of the file.");
ABSL_FLAG(std::string, output, "",
          "Write to this file instead of standard output. It is written completely or not at all.");
ABSL_FLAG(bool, verify, false, "Compare every byte of the real tensors with the file.");

namespace metaconv::cli {

bool AbslParseFlag(absl::string_view text, OutputFormat* format, std::string* error) {
  if (text == "table") {
    *format = OutputFormat::kTable;
  } else if (text == "json") {
    *format = OutputFormat::kJson;
  } else if (text == "mcr") {
    *format = OutputFormat::kRecords;
  } else {
    *error = "expected 'table', 'json' or 'mcr', found '" + std::string(text) + "'";
    return false;
  }
  return true;
}

std::string AbslUnparseFlag(OutputFormat format) {
  switch (format) {
    case OutputFormat::kTable:
      return "table";
    case OutputFormat::kJson:
      return "json";
    case OutputFormat::kRecords:
      return "mcr";
  }
  return "";
}

bool AbslParseFlag(absl::string_view text, DeviceFlag* flag, std::string* error) {
  if (text.empty()) {
    *flag = {};
    return true;
  }
  const absl::StatusOr<c10::Device> device =
      CatchTorch("expected a device", [&] { return c10::Device(std::string(text)); });
  if (!device.ok()) {
    // LibTorch's own message lists all types of devices that it has ever had.
    *error = "expected a device such as 'cpu' or 'cuda:0', found '" + std::string(text) + "'";
    return false;
  }
  flag->device = *device;
  return true;
}

std::string AbslUnparseFlag(const DeviceFlag& flag) { return flag.device.has_value() ? flag.device->str() : ""; }

}  // namespace metaconv::cli
