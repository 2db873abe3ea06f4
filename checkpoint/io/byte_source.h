// ByteSource: bytes that are read in order, of a file or of a compressed member of an archive.
//
// Thread safety: for one thread at a time.
// Lifetime: FileByteSource borrows the file; for others see the implementations.

#ifndef METACONV_CHECKPOINT_IO_BYTE_SOURCE_H_
#define METACONV_CHECKPOINT_IO_BYTE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace metaconv {

class File;

class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Reads at most `size` bytes and returns how many; 0 at the end.
  virtual absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) = 0;

  // Skips `size` bytes. Requires that the source has as many.
  virtual absl::Status Skip(std::uint64_t size) = 0;
};

// Implements Skip by Read, for sources that cannot seek.
absl::Status SkipByReading(ByteSource& source, std::uint64_t size);

// Checks that the source is at its end. Errors: kDataLoss if it has more bytes; those of a source that verifies a
// checksum at its end.
absl::Status ExpectEnd(ByteSource& source);

// The bytes of a file from offset `begin` on: `size` bytes, or all up to the end of the file.
class FileByteSource : public ByteSource {
 public:
  static constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

  FileByteSource(const File& file, std::uint64_t begin, std::uint64_t size = kToTheEnd)
      : file_(&file), position_(begin), remaining_(size) {}

  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override;
  absl::Status Skip(std::uint64_t size) override;

 private:
  const File* file_;
  std::uint64_t position_;
  std::uint64_t remaining_;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_BYTE_SOURCE_H_
