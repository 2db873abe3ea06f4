#include "tools/cli/files.h"

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "checkpoint/io/replace_file.h"
#include "meta/with_context.h"
#include "tools/cli/progress.h"

namespace metaconv::cli {

std::string UserPath(const std::string& path) {
  const char* directory = std::getenv("METACONV_WORKING_DIRECTORY");  // Set by bazelw if it changes the directory.
  if (directory == nullptr) directory = std::getenv("BUILD_WORKING_DIRECTORY");
  if (directory == nullptr || path.empty()) return path;
  return (std::filesystem::path(directory) / path).lexically_normal().string();
}

absl::Status WriteOutput(const std::string& path, const std::function<void(std::ostream&)>& write) {
  if (path.empty()) return WithContext("standard output", WriteStream(std::cout, write));
  const Progress progress(absl::StrCat("writing ", path));
  return WithContext(path, ReplaceFile(UserPath(path), write));
}

}  // namespace metaconv::cli
