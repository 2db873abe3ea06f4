// ConversionReport: converts named records, all of them, and says how it went.
//
// Every result is checked against its record, and then all results together: they must be the same object, and share
// memory, exactly where the sources do.
//
// Example:
//   ConversionReport report = ConvertAll(checkpoint.tensors);
//   WriteReport(report, OutputFormat::kTable, std::cout);
//   return report.successful() ? kExitOk : kExitNo;
//
// Thread safety: pure but for the stream.
// Lifetime: owns what it holds; the converted tensors are gone when it is made.

#ifndef METACONV_TOOLS_CLI_CONVERSION_REPORT_H_
#define METACONV_TOOLS_CLI_CONVERSION_REPORT_H_

#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "tools/cli/flags.h"

namespace metaconv::cli {

struct ConversionReport {
  std::int64_t names = 0;
  std::int64_t tensors = 0;       // Converted, each object once.
  std::int64_t storages = 0;      // Of the records.
  std::int64_t alias_groups = 0;  // Storages that two or more named tensors share.
  std::int64_t bytes_represented = 0;
  std::int64_t bytes_allocated = 0;   // Held by the results' storages.
  double seconds = 0;                 // Conversion and checks.
  std::vector<std::string> failures;  // "name: why"

  bool successful() const { return failures.empty(); }
};

ConversionReport ConvertAll(std::span<const NamedTensor> tensors);

void WriteReport(const ConversionReport& report, OutputFormat format, std::ostream& os);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_CONVERSION_REPORT_H_
