// Crc32Source: the bytes of another source, verified by their CRC-32.
//
// The CRC-32 is compared by the call of Read that finds the end of the source, and so returns no bytes.
//
// Example:
//   Crc32Source source(std::move(member), /*expected=*/0x2b17c258);
//
// Thread safety: for one thread at a time.
// Lifetime: owns the other source.

#ifndef METACONV_CHECKPOINT_IO_CRC32_SOURCE_H_
#define METACONV_CHECKPOINT_IO_CRC32_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/io/byte_source.h"

namespace metaconv {

class Crc32Source : public ByteSource {
 public:
  Crc32Source(std::unique_ptr<ByteSource> source, std::uint32_t expected)
      : source_(std::move(source)), expected_(expected) {}

  // Errors: those of the source, and kDataLoss at the end if the CRC-32 differs.
  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override;
  absl::Status Skip(std::uint64_t size) override;

 private:
  const std::unique_ptr<ByteSource> source_;
  const std::uint32_t expected_;
  std::uint32_t crc32_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_CRC32_SOURCE_H_
