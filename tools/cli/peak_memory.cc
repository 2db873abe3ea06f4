#include "tools/cli/peak_memory.h"

#include <algorithm>
#include <fstream>

#include "converter/proc_fields.h"

namespace metaconv::cli {
namespace {

constexpr char kStatus[] = "/proc/self/status";

}  // namespace

PeakMemory::PeakMemory() {
  std::ofstream("/proc/self/clear_refs") << "5";  // Resets the peak to the current value.
  before_ = ProcFieldBytes(kStatus, {"VmRSS"});
}

std::optional<std::int64_t> PeakMemory::Bytes() const {
  const std::optional<std::int64_t> peak = ProcFieldBytes(kStatus, {"VmHWM"});
  if (!peak.has_value() || !before_.has_value()) return std::nullopt;
  return std::max<std::int64_t>(*peak - *before_, 0);
}

}  // namespace metaconv::cli
