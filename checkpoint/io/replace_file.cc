#include "checkpoint/io/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace metaconv {
namespace {

absl::Status CannotWrite(const std::string& reason) {
  return absl::UnavailableError(absl::StrCat("cannot write: ", reason));
}

// A new file beside `target`, so that it can be renamed to it atomically. Its permissions are those that the umask of
// this process allows: the kernel applies it, since a thread cannot read the umask without changing it.
absl::StatusOr<int> CreateBeside(const std::string& target, std::string& path) {
  std::random_device random;
  for (int attempt = 0; attempt < 100; ++attempt) {
    path = absl::StrCat(target, ".", absl::Hex(random(), absl::kZeroPad8));
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) return fd;
    if (errno != EEXIST) break;
  }
  return CannotWrite(std::strerror(errno));
}

// The target of a symbolic link, whether it exists or not. A relative target is relative to the directory of the link.
absl::StatusOr<std::filesystem::path> Resolve(const std::string& path) {
  constexpr int kMaxLinks = 40;  // As Linux.
  std::filesystem::path target = path;
  std::error_code error;
  for (int links = 0; std::filesystem::is_symlink(target, error); ++links) {
    if (links == kMaxLinks) return CannotWrite(std::strerror(ELOOP));
    const std::filesystem::path next = std::filesystem::read_symlink(target, error);
    if (error) return CannotWrite(error.message());
    target = target.parent_path() / next;
  }
  return target;
}

}  // namespace

absl::Status WriteStream(std::ostream& os, WriteToStream write) {
  errno = 0;
  write(os);
  if (os.flush()) return absl::OkStatus();
  return CannotWrite(errno == 0 ? "unknown error" : std::strerror(errno));
}

absl::Status ReplaceFile(const std::string& path, WriteToStream write) {
  const absl::StatusOr<std::filesystem::path> resolved = Resolve(path);
  if (!resolved.ok()) return resolved.status();
  const std::filesystem::path& target = *resolved;
  struct stat present = {};
  const bool exists = stat(target.c_str(), &present) == 0;
  if (exists && !S_ISREG(present.st_mode)) {
    if (S_ISDIR(present.st_mode)) return CannotWrite("it is a directory");
    std::ofstream os(target, std::ios::binary);
    return WriteStream(os, write);
  }

  std::string temporary;
  const absl::StatusOr<int> created = CreateBeside(target.string(), temporary);
  if (!created.ok()) return created.status();
  const int fd = *created;
  auto remove = absl::MakeCleanup([&] { unlink(temporary.c_str()); });
  const auto close_fd = absl::MakeCleanup([&] { close(fd); });
  {
    std::ofstream os(temporary, std::ios::binary);
    if (absl::Status status = WriteStream(os, write); !status.ok()) return status;
  }
  if (exists && fchmod(fd, present.st_mode & 07777) != 0) return CannotWrite(std::strerror(errno));
  if (fsync(fd) != 0) return CannotWrite(std::strerror(errno));
  if (std::rename(temporary.c_str(), target.c_str()) != 0) return CannotWrite(std::strerror(errno));
  std::move(remove).Cancel();
  return absl::OkStatus();
}

}  // namespace metaconv
