#include "converter/host_memory.h"

#include <algorithm>

#include "converter/proc_fields.h"

namespace metaconv {
namespace {

// The memory that is left in the control group (version 2) of the process.
std::optional<std::int64_t> InControlGroup(const std::string& root) {
  const std::string group = root + "/sys/fs/cgroup/";
  // memory.max is "max" if there is no limit.
  const std::optional<std::int64_t> limit = ProcNumber(group + "memory.max");
  const std::optional<std::int64_t> used = ProcNumber(group + "memory.current");
  if (!limit.has_value() || !used.has_value()) return std::nullopt;
  return std::max<std::int64_t>(*limit - *used, 0);
}

}  // namespace

std::optional<std::int64_t> AvailableHostMemory(const std::string& root) {
  const std::optional<std::int64_t> machine = ProcFieldBytes(root + "/proc/meminfo", {"MemAvailable", "SwapFree"});
  const std::optional<std::int64_t> group = InControlGroup(root);
  if (!machine.has_value() || !group.has_value()) return machine.has_value() ? machine : group;
  return std::min(*machine, *group);
}

}  // namespace metaconv
