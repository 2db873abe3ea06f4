#include "checkpoint/io/byte_source.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/io/file.h"

namespace metaconv {

absl::Status SkipByReading(ByteSource& source, std::uint64_t size) {
  std::array<char, 1 << 16> scratch;
  while (size > 0) {
    absl::StatusOr<std::size_t> got =
        source.Read(scratch.data(), static_cast<std::size_t>(std::min<std::uint64_t>(size, scratch.size())));
    if (!got.ok()) return got.status();
    if (*got == 0) return absl::DataLossError("ends too early");
    size -= *got;
  }
  return absl::OkStatus();
}

absl::Status ExpectEnd(ByteSource& source) {
  char beyond = 0;
  absl::StatusOr<std::size_t> got = source.Read(&beyond, 1);
  if (!got.ok()) return got.status();
  return *got == 0 ? absl::OkStatus() : absl::DataLossError("has more bytes than its size says");
}

absl::StatusOr<std::size_t> FileByteSource::Read(char* buffer, std::size_t size) {
  absl::StatusOr<std::size_t> got =
      file_->ReadAt(position_, buffer, static_cast<std::size_t>(std::min<std::uint64_t>(size, remaining_)));
  if (got.ok()) {
    position_ += *got;
    remaining_ -= *got;
  }
  return got;
}

absl::Status FileByteSource::Skip(std::uint64_t size) {
  position_ += size;
  remaining_ -= size;
  return absl::OkStatus();
}

}  // namespace metaconv
