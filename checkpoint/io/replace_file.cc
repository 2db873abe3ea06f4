#include "checkpoint/io/replace_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace metaconv {
namespace {

absl::Status CannotWrite(const std::string& reason) {
  return absl::UnavailableError(absl::StrCat("cannot write: ", reason));
}

// The permissions of a file that this process creates.
mode_t DefaultMode() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

absl::Status Sync(int fd, mode_t mode) {
  if (fchmod(fd, mode) != 0 || fsync(fd) != 0) return CannotWrite(std::strerror(errno));
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteStream(std::ostream& os, WriteToStream write) {
  errno = 0;
  write(os);
  if (os.flush()) return absl::OkStatus();
  return CannotWrite(errno == 0 ? "unknown error" : std::strerror(errno));
}

absl::Status ReplaceFile(const std::string& path, WriteToStream write) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  if (error) return CannotWrite(error.message());
  struct stat present = {};
  const bool exists = stat(target.c_str(), &present) == 0;
  if (exists && !S_ISREG(present.st_mode)) {
    if (S_ISDIR(present.st_mode)) return CannotWrite("it is a directory");
    std::ofstream os(target, std::ios::binary);
    return WriteStream(os, write);
  }

  // In the directory of the target, so that it can be renamed to it atomically.
  std::string temporary = target.string() + ".XXXXXX";
  const int fd = mkstemp(temporary.data());
  if (fd < 0) return CannotWrite(std::strerror(errno));
  auto remove = absl::MakeCleanup([&] { unlink(temporary.c_str()); });
  const auto close_fd = absl::MakeCleanup([&] { close(fd); });
  {
    std::ofstream os(temporary, std::ios::binary);
    if (absl::Status status = WriteStream(os, write); !status.ok()) return status;
  }
  if (absl::Status status = Sync(fd, exists ? present.st_mode & 07777 : DefaultMode()); !status.ok()) return status;
  if (std::rename(temporary.c_str(), target.c_str()) != 0) return CannotWrite(std::strerror(errno));
  std::move(remove).Cancel();
  return absl::OkStatus();
}

}  // namespace metaconv
