#include "converter/proc_fields.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace metaconv {
namespace {

// Reads the first 4 KiB of a file in /proc or /sys. Such files report a size of 0 or one page, so it reads until the
// end. A std::ifstream would take longer than the kernel takes to produce the text.
class KernelFile {
 public:
  explicit KernelFile(const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    for (ssize_t got = 1; got > 0 && size_ < bytes_.size();
         size_ += static_cast<std::size_t>(std::max<ssize_t>(got, 0))) {
      got = read(descriptor, bytes_.data() + size_, bytes_.size() - size_);
    }
    close(descriptor);
  }

  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 4096> bytes_;
  std::size_t size_ = 0;
};

std::optional<std::int64_t> LeadingNumber(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::int64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int64_t> ProcFieldBytes(const std::string& path, std::initializer_list<std::string_view> keys) {
  const KernelFile file(path);
  std::optional<std::int64_t> bytes;
  for (std::string_view rest = file.text(); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (std::find(keys.begin(), keys.end(), line.substr(0, colon)) == keys.end()) continue;
    bytes = bytes.value_or(0) + LeadingNumber(line.substr(colon + 1)).value_or(0) * 1024;
  }
  return bytes;
}

std::optional<std::int64_t> ProcNumber(const std::string& path) { return LeadingNumber(KernelFile(path).text()); }

}  // namespace metaconv
