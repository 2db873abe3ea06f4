// PeakMemory: how much more memory the process had at its peak than it had at the start.
//
// Example:
//   const PeakMemory peak;
//   … load …
//   peak.Bytes();
//
// Thread safety: one at a time: the system keeps one peak for the process, which is set back.
// Lifetime: measures from its construction on.

#ifndef METACONV_TOOLS_CLI_PEAK_MEMORY_H_
#define METACONV_TOOLS_CLI_PEAK_MEMORY_H_

#include <cstdint>
#include <optional>

namespace metaconv::cli {

class PeakMemory {
 public:
  PeakMemory();

  // Resident memory, pages of mapped files that were used included. Absent where the system does not say.
  std::optional<std::int64_t> Bytes() const;

 private:
  std::optional<std::int64_t> before_;
};

}  // namespace metaconv::cli

#endif  // METACONV_TOOLS_CLI_PEAK_MEMORY_H_
