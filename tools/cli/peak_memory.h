// PeakMemory: the peak memory of the process, relative to its memory at the start of the measurement.
//
// Example:
//   const PeakMemory peak;
//   … load …
//   peak.Bytes();
//
// Thread safety: at most one object at a time. The system keeps one peak per process, which the constructor resets.
// Lifetime: the measurement starts with the constructor.

#ifndef METACONV_TOOLS_CLI_PEAK_MEMORY_H_
#define METACONV_TOOLS_CLI_PEAK_MEMORY_H_

#include <cstdint>
#include <optional>

namespace metaconv::cli {

class PeakMemory {
 public:
  PeakMemory();

  // Resident memory, including accessed pages of mapped files. Absent if the system does not report it.
  std::optional<std::int64_t> Bytes() const;

 private:
  std::optional<std::int64_t> before_;
};

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_PEAK_MEMORY_H_
