#include "tools/cli/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <ostream>
#include <string>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "tools/cli/progress.h"

namespace metaconv::cli {
namespace {

absl::Status CannotWrite(const std::string& path, const std::string& reason) {
  return absl::UnavailableError(absl::StrCat(path, ": cannot write: ", reason));
}

absl::Status WriteStream(const std::string& path, std::ostream& os, const std::function<void(std::ostream&)>& write) {
  errno = 0;
  write(os);
  if (os.flush()) return absl::OkStatus();
  return CannotWrite(path, errno == 0 ? "unknown error" : std::strerror(errno));
}

// The permissions of a file that this process creates.
mode_t DefaultMode() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

absl::Status Sync(const std::string& path, int fd, mode_t mode) {
  if (fchmod(fd, mode) != 0 || fsync(fd) != 0) return CannotWrite(path, std::strerror(errno));
  return absl::OkStatus();
}

}  // namespace

std::string UserPath(const std::string& path) {
  const char* directory = std::getenv("METACONV_WORKING_DIRECTORY");  // Set by bazelw if it changes the directory.
  if (directory == nullptr) directory = std::getenv("BUILD_WORKING_DIRECTORY");
  if (directory == nullptr || path.empty()) return path;
  return (std::filesystem::path(directory) / path).lexically_normal().string();
}

absl::Status WriteOutput(const std::string& path, const std::function<void(std::ostream&)>& write) {
  if (path.empty()) return WriteStream("standard output", std::cout, write);

  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(UserPath(path), error);
  if (error) return CannotWrite(path, error.message());
  struct stat present = {};
  const bool exists = stat(target.c_str(), &present) == 0;
  if (exists && !S_ISREG(present.st_mode)) {
    if (S_ISDIR(present.st_mode)) return CannotWrite(path, "it is a directory");
    std::ofstream os(target);
    return WriteStream(path, os, write);
  }

  const Progress progress(absl::StrCat("writing ", path));
  // In the directory of the target, so that it can be renamed to it atomically.
  std::string temporary = target.string() + ".XXXXXX";
  const int fd = mkstemp(temporary.data());
  if (fd < 0) return CannotWrite(path, std::strerror(errno));
  auto remove = absl::MakeCleanup([&] { unlink(temporary.c_str()); });
  const auto close_fd = absl::MakeCleanup([&] { close(fd); });
  {
    std::ofstream os(temporary);
    if (absl::Status status = WriteStream(path, os, write); !status.ok()) return status;
  }
  if (absl::Status status = Sync(path, fd, exists ? present.st_mode & 07777 : DefaultMode()); !status.ok()) {
    return status;
  }
  if (std::rename(temporary.c_str(), target.c_str()) != 0) return CannotWrite(path, std::strerror(errno));
  std::move(remove).Cancel();
  return absl::OkStatus();
}

}  // namespace metaconv::cli
