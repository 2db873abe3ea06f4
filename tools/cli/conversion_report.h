// ConversionReport: converts all named records, and reports the outcome.
//
// Each result is checked against its record. All results together are checked for identity and sharing: two results
// must be the same object, or share a storage, exactly if their sources do.
//
// Example:
//   ConversionReport report = ConvertAll(checkpoint.tensors);
//   WriteReport(report, OutputFormat::kTable, std::cout);
//   return report.successful() ? kExitOk : kExitMismatch;
//
// Thread safety: pure functions, except for writing to the stream.
// Lifetime: owns its values. The converted tensors are destroyed before ConvertAll returns.

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
  std::int64_t tensors = 0;       // Converted; each object counts once.
  std::int64_t storages = 0;      // Number of storage records.
  std::int64_t alias_groups = 0;  // Storages that two or more named tensors share.
  std::int64_t bytes_represented = 0;
  std::int64_t bytes_allocated = 0;   // Allocated by the results' storages.
  double seconds = 0;                 // Conversion and checks.
  std::vector<std::string> failures;  // "name: reason"

  bool successful() const { return failures.empty(); }
};

ConversionReport ConvertAll(std::span<const NamedTensor> tensors);

void WriteReport(const ConversionReport& report, OutputFormat format, std::ostream& os);

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_CONVERSION_REPORT_H_
