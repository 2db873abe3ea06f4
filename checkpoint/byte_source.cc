#include "checkpoint/byte_source.h"

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/file.h"

namespace metaconv {

absl::StatusOr<std::size_t> FileByteSource::Read(char* buffer, std::size_t size) {
  absl::StatusOr<std::size_t> got = file_.ReadAt(position_, buffer, size);
  if (got.ok()) position_ += *got;
  return got;
}

absl::Status FileByteSource::Skip(std::uint64_t size) {
  position_ += size;
  return absl::OkStatus();
}

}  // namespace metaconv
