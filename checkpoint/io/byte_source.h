// ByteSource: bytes in order, from a file or from a compressed member of an archive.
//
// Thread safety: for one thread at a time.
// Lifetime: see the implementations; the ones here borrow what they read from.

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

  // At most `size` bytes; 0 at the end.
  virtual absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) = 0;

  // Passes over `size` bytes, which the source is known to have.
  virtual absl::Status Skip(std::uint64_t size) = 0;
};

// Skip for sources that have to read what they pass over.
absl::Status SkipByReading(ByteSource& source, std::uint64_t size);

// Errors: kDataLoss if the source has more bytes. Sources that check what they gave do it here.
absl::Status ExpectEnd(ByteSource& source);

// Bytes of a file from `begin` on, up to the end of the file or `size` of them.
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
