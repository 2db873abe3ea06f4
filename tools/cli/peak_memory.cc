#include "tools/cli/peak_memory.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

namespace metaconv::cli {
namespace {

// "VmHWM:     12345 kB"
std::optional<std::int64_t> InStatus(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key + ":", 0) == 0) return std::strtoll(line.c_str() + key.size() + 1, nullptr, 10) * 1024;
  }
  return std::nullopt;
}

}  // namespace

PeakMemory::PeakMemory() {
  std::ofstream("/proc/self/clear_refs") << "5";  // Resets the peak to the current value.
  before_ = InStatus("VmRSS");
}

std::optional<std::int64_t> PeakMemory::Bytes() const {
  const std::optional<std::int64_t> peak = InStatus("VmHWM");
  if (!peak.has_value() || !before_.has_value()) return std::nullopt;
  return std::max<std::int64_t>(*peak - *before_, 0);
}

}  // namespace metaconv::cli
