#include "converter/proc_fields.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <fstream>

namespace metaconv {

std::optional<std::int64_t> ProcFieldBytes(const std::string& path, std::initializer_list<std::string_view> keys) {
  std::ifstream file(path);
  std::optional<std::int64_t> bytes;
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string_view key = std::string_view(line).substr(0, colon);
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) continue;
    bytes = bytes.value_or(0) + std::strtoll(line.c_str() + colon + 1, nullptr, 10) * 1024;
  }
  return bytes;
}

}  // namespace metaconv
