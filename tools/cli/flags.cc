#include "tools/cli/flags.h"

#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "meta/torch_status.h"

ABSL_FLAG(metaconv::cli::OutputFormat, format, metaconv::cli::OutputFormat::kTable, "'table' for people or 'json'.");
ABSL_FLAG(std::string, lock, "", "The lock file to compare with.");
ABSL_FLAG(bool, map, false, "Use tensors where they lie in the file, where that is possible, rather than read them.");
ABSL_FLAG(metaconv::cli::DeviceFlag, map_location, {},
          "Say that all tensors live on this device, such as 'cpu', whatever the file says.");
ABSL_FLAG(metaconv::cli::DeviceFlag, materialize, {},
          "Make real tensors on this device, 'cpu' or 'cuda:N', with the bytes of the file.");
ABSL_FLAG(std::string, output, "", "Write to this file, whole or not at all, rather than to standard output.");
ABSL_FLAG(bool, verify, false, "Compare every byte of the real tensors with the file.");

namespace metaconv::cli {

bool AbslParseFlag(absl::string_view text, OutputFormat* format, std::string* error) {
  if (text == "table") {
    *format = OutputFormat::kTable;
  } else if (text == "json") {
    *format = OutputFormat::kJson;
  } else {
    *error = "expected 'table' or 'json', found '" + std::string(text) + "'";
    return false;
  }
  return true;
}

std::string AbslUnparseFlag(OutputFormat format) { return format == OutputFormat::kTable ? "table" : "json"; }

bool AbslParseFlag(absl::string_view text, DeviceFlag* flag, std::string* error) {
  if (text.empty()) {
    *flag = {};
    return true;
  }
  const absl::StatusOr<c10::Device> device =
      CatchTorch("expected a device", [&] { return c10::Device(std::string(text)); });
  if (!device.ok()) {
    *error = std::string(device.status().message());
    return false;
  }
  flag->device = *device;
  return true;
}

std::string AbslUnparseFlag(const DeviceFlag& flag) { return flag.device.has_value() ? flag.device->str() : ""; }

}  // namespace metaconv::cli
