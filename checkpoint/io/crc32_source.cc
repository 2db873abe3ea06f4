#include "checkpoint/io/crc32_source.h"

#include <zlib.h>

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/io/byte_source.h"

namespace metaconv {

absl::StatusOr<std::size_t> Crc32Source::Read(char* buffer, std::size_t size) {
  absl::StatusOr<std::size_t> got = source_->Read(buffer, size);
  if (!got.ok()) return got;
  if (*got > 0) {
    crc32_ = static_cast<std::uint32_t>(crc32_z(crc32_, reinterpret_cast<const Bytef*>(buffer), *got));
  } else if (size > 0 && crc32_ != expected_) {
    return absl::DataLossError(absl::StrCat("expected bytes with the CRC-32 ", absl::Hex(expected_, absl::kZeroPad8),
                                            ", found ", absl::Hex(crc32_, absl::kZeroPad8)));
  }
  return got;
}

absl::Status Crc32Source::Skip(std::uint64_t size) { return SkipByReading(*this, size); }

}  // namespace metaconv
