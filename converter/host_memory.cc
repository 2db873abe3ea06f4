#include "converter/host_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace metaconv {
namespace {

// Files of the kernel have no size that could be asked for. What is wanted here stands in their first kilobytes. Without
// a stream, which costs more than the kernel's work.
class Text {
 public:
  explicit Text(const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    for (ssize_t got = 1; got > 0 && size_ < bytes_.size();
         size_ += static_cast<std::size_t>(std::max<ssize_t>(got, 0))) {
      got = read(descriptor, bytes_.data() + size_, bytes_.size() - size_);
    }
    close(descriptor);
  }

  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 4096> bytes_;
  std::size_t size_ = 0;
};

// The number at the start of `text`, behind spaces.
std::optional<std::int64_t> LeadingNumber(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::int64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

// "MemAvailable:   12345 kB"
std::optional<std::int64_t> InMeminfo(const std::string& root) {
  const Text text(root + "/proc/meminfo");
  std::optional<std::int64_t> kib;
  for (std::string_view rest = text.view(); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    for (const std::string_view key : {"MemAvailable:", "SwapFree:"}) {
      if (line.starts_with(key)) kib = kib.value_or(0) + LeadingNumber(line.substr(key.size())).value_or(0);
    }
  }
  if (!kib.has_value()) return std::nullopt;
  return *kib * 1024;
}

// Absent for "max", which says that there is no limit.
std::optional<std::int64_t> Number(const std::string& path) { return LeadingNumber(Text(path).view()); }

// What the control group, version 2, leaves.
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
