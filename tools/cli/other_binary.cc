#include "tools/cli/other_binary.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace metaconv::cli {

absl::Status RunOtherBinary(std::string_view name, char** argv) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return absl::NotFoundError(absl::StrCat("cannot find this program's own path: ", error.message()));
  const std::filesystem::path other = self.parent_path() / name;
  execv(other.c_str(), argv);
  return absl::NotFoundError(absl::StrCat("cannot start '", other.string(), "': ", std::strerror(errno)));
}

}  // namespace metaconv::cli
