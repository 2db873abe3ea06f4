#include "benchmarks/transfers/pattern_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "meta/checksum.h"

namespace metaconv {
namespace {

// The content repeats after 16 MiB, but the first word of a tensor is its number. File systems that compress or
// deduplicate do not find much to do then.
constexpr std::size_t kPatternWords = std::size_t{2} << 20;

const std::vector<std::uint64_t>& Pattern() {
  static const std::vector<std::uint64_t>& pattern = *new std::vector<std::uint64_t>([] {
    std::vector<std::uint64_t> words(kPatternWords);
    for (std::size_t i = 0; i < kPatternWords; ++i) words[i] = MixBits(i);
    return words;
  }());
  return pattern;
}

absl::Status ErrorOf(const std::string& path, std::string_view doing) {
  return absl::UnavailableError(absl::StrCat(path, ": ", std::string(doing), ": ", std::strerror(errno)));
}

std::string Header(const Shape& shape) {
  std::string json = "{";
  for (std::int64_t i = 0; i < shape.count; ++i) {
    absl::StrAppend(&json, i == 0 ? "" : ",", "\"tensor.", i, R"(":{"dtype":"U8","shape":[)", shape.size,
                    R"(],"data_offsets":[)", i * shape.size, ",", (i + 1) * shape.size, "]}");
  }
  json += "}";
  json.resize((json.size() + 7) / 8 * 8, ' ');
  std::string header(sizeof(std::uint64_t), '\0');
  const std::uint64_t size = json.size();
  std::memcpy(header.data(), &size, sizeof(size));
  return header + json;
}

// Collects bytes and writes them in large pieces.
class Writer {
 public:
  explicit Writer(int descriptor) : descriptor_(descriptor) { buffer_.reserve(kPatternWords * sizeof(std::uint64_t)); }

  bool Write(const void* bytes, std::size_t size) {
    for (const char* from = static_cast<const char*>(bytes); size > 0;) {
      const std::size_t part = std::min(size, buffer_.capacity() - buffer_.size());
      buffer_.append(from, part);
      from += part;
      size -= part;
      if (buffer_.size() == buffer_.capacity() && !Flush()) return false;
    }
    return true;
  }

  bool Flush() {
    for (std::string_view left = buffer_; !left.empty();) {
      const ssize_t written = write(descriptor_, left.data(), left.size());
      if (written < 0 && errno != EINTR) return false;
      if (written > 0) left.remove_prefix(static_cast<std::size_t>(written));
    }
    buffer_.clear();
    return true;
  }

 private:
  const int descriptor_;
  std::string buffer_;
};

bool WriteTensor(Writer& writer, std::uint64_t number, std::size_t size) {
  const std::size_t pattern_bytes = kPatternWords * sizeof(std::uint64_t);
  const char* const pattern = reinterpret_cast<const char*>(Pattern().data());
  if (!writer.Write(&number, sizeof(number))) return false;
  for (std::size_t done = sizeof(number); done < size;) {
    const std::size_t place = done % pattern_bytes, part = std::min(size - done, pattern_bytes - place);
    if (!writer.Write(pattern + place, part)) return false;
    done += part;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PatternFile>> PatternFile::Write(const std::string& path, const Shape& shape) {
  std::unique_ptr<PatternFile> file(new PatternFile(path, shape));
  if (absl::Status status = file->WriteAll(); !status.ok()) return status;
  return file;
}

PatternFile::~PatternFile() { unlink(path_.c_str()); }

absl::Status PatternFile::WriteAll() const {
  const int descriptor = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return ErrorOf(path_, "open");
  const absl::Cleanup close_file = [descriptor] { close(descriptor); };
  Writer writer(descriptor);
  const std::string header = Header(shape_);
  bool is_written = writer.Write(header.data(), header.size());
  for (std::int64_t i = 0; i < shape_.count && is_written; ++i) {
    is_written = WriteTensor(writer, static_cast<std::uint64_t>(i), static_cast<std::size_t>(shape_.size));
  }
  if (!is_written || !writer.Flush()) return ErrorOf(path_, "write");
  if (fsync(descriptor) != 0) return ErrorOf(path_, "fsync");
  return absl::OkStatus();
}

absl::Status PatternFile::Evict() const {
  const int descriptor = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return ErrorOf(path_, "open");
  const absl::Cleanup close_file = [descriptor] { close(descriptor); };
  if (posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) != 0) return ErrorOf(path_, "posix_fadvise");
  return absl::OkStatus();
}

std::vector<std::uint64_t> PatternFile::Checksums() const {
  // All tensors differ in their first word only.
  const std::vector<std::uint64_t>& pattern = Pattern();
  const auto words = static_cast<std::uint64_t>(shape_.size) / sizeof(std::uint64_t);
  std::uint64_t rest = ChecksumOfLength(static_cast<std::uint64_t>(shape_.size));
  for (std::uint64_t i = 1; i < words; ++i) rest += ChecksumTerm(pattern[i % kPatternWords], i);
  std::vector<std::uint64_t> sums;
  for (std::int64_t i = 0; i < shape_.count; ++i) sums.push_back(rest + ChecksumTerm(static_cast<std::uint64_t>(i), 0));
  return sums;
}

}  // namespace metaconv
