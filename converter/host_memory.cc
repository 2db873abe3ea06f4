#include "converter/host_memory.h"

#include <algorithm>
#include <fstream>

namespace metaconv {
namespace {

// "MemAvailable:   12345 kB"
std::optional<std::int64_t> InMeminfo(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  std::optional<std::int64_t> kib;
  std::string line;
  for (std::string key; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    key = line.substr(0, colon);
    if (key != "MemAvailable" && key != "SwapFree") continue;
    kib = kib.value_or(0) + std::strtoll(line.c_str() + colon + 1, nullptr, 10);
  }
  if (!kib.has_value()) return std::nullopt;
  return *kib * 1024;
}

std::optional<std::int64_t> Number(const std::string& path) {
  std::ifstream file(path);
  std::int64_t value = 0;
  if (!(file >> value)) return std::nullopt;  // "max" means that there is no limit.
  return value;
}

// The memory that is left in the control group (version 2) of the process.
std::optional<std::int64_t> InControlGroup(const std::string& root) {
  const std::string group = root + "/sys/fs/cgroup/";
  const std::optional<std::int64_t> limit = Number(group + "memory.max");
  const std::optional<std::int64_t> used = Number(group + "memory.current");
  if (!limit.has_value() || !used.has_value()) return std::nullopt;
  return std::max<std::int64_t>(*limit - *used, 0);
}

}  // namespace

std::optional<std::int64_t> AvailableHostMemory(const std::string& root) {
  const std::optional<std::int64_t> machine = InMeminfo(root);
  const std::optional<std::int64_t> group = InControlGroup(root);
  if (!machine.has_value() || !group.has_value()) return machine.has_value() ? machine : group;
  return std::min(*machine, *group);
}

}  // namespace metaconv
