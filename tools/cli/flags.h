// The flags of the command line. Each is defined once, for all commands that accept it.
//
// Thread safety: as Abseil's flags.
// Lifetime: static.

#ifndef METACONV_TOOLS_CLI_FLAGS_H_
#define METACONV_TOOLS_CLI_FLAGS_H_

#include <optional>
#include <string>

#include "absl/flags/declare.h"
#include "absl/strings/string_view.h"
#include "c10/core/Device.h"

namespace metaconv::cli {

enum class OutputFormat { kTable, kJson, kRecords };

bool AbslParseFlag(absl::string_view text, OutputFormat* format, std::string* error);
std::string AbslUnparseFlag(OutputFormat format);

// A device, or none.
struct DeviceFlag {
  std::optional<c10::Device> device;
};

bool AbslParseFlag(absl::string_view text, DeviceFlag* flag, std::string* error);
std::string AbslUnparseFlag(const DeviceFlag& flag);

}  // namespace metaconv::cli

ABSL_DECLARE_FLAG(metaconv::cli::OutputFormat, format);
ABSL_DECLARE_FLAG(std::string, lock);
ABSL_DECLARE_FLAG(bool, map);
ABSL_DECLARE_FLAG(metaconv::cli::DeviceFlag, map_location);
ABSL_DECLARE_FLAG(metaconv::cli::DeviceFlag, materialize);
ABSL_DECLARE_FLAG(std::string, output);
ABSL_DECLARE_FLAG(bool, verify);

#endif  // METACONV_TOOLS_CLI_FLAGS_H_
