#include "benchmarks/transfers/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "converter/for_each_task.h"

namespace metaconv {
namespace {

constexpr std::size_t kPieceSize = std::size_t{8} << 20;
// For direct I/O.
constexpr std::size_t kAlignment = 4096;

struct Free {
  void operator()(char* memory) const { std::free(memory); }
};

// Memory of the calling thread, which its next call reuses.
char* Buffer() {
  thread_local const std::unique_ptr<char, Free> buffer(static_cast<char*>(std::aligned_alloc(kAlignment, kPieceSize)));
  if (buffer == nullptr) throw std::bad_alloc();
  return buffer.get();
}

}  // namespace

absl::Status ReadWholeFile(const std::string& path, int threads) {
  const auto error = [&] { return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno))); };
  int descriptor = open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
  if (descriptor < 0) descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return error();
  const absl::Cleanup close_file = [descriptor] { close(descriptor); };
  struct stat info = {};
  if (fstat(descriptor, &info) != 0) return error();
  const std::size_t pieces = (static_cast<std::size_t>(info.st_size) + kPieceSize - 1) / kPieceSize;
  return ForEachTask(pieces, threads, [&](std::size_t i) {
    // Only the last piece is shorter than what is asked for.
    const ssize_t got = pread(descriptor, Buffer(), kPieceSize, static_cast<off_t>(i * kPieceSize));
    return got > 0 ? absl::OkStatus() : error();
  });
}

}  // namespace metaconv
