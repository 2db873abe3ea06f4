// ByteReader: a buffered reader with an offset and a known number of remaining bytes.
//
// Unlike a ByteSource, it gives access to bytes in its buffer without a copy, and reading past the end is an error:
// kDataLoss. The message has no offset, since only the caller knows at which offset the value that it reads begins.
//
// Example:
//   ByteReader reader(source, member_size);
//   absl::StatusOr<std::uint32_t> length = reader.ReadLittleEndian<std::uint32_t>();
//   if (*length > reader.remaining()) …            // Check before allocating memory for `length` bytes.
//
// Thread safety: for one thread at a time.
// Lifetime: borrows the source.

#ifndef METACONV_CHECKPOINT_IO_BYTE_READER_H_
#define METACONV_CHECKPOINT_IO_BYTE_READER_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/io/byte_source.h"

namespace metaconv {

class ByteReader {
 public:
  // The largest size that Take accepts.
  static constexpr std::size_t kWindow = std::size_t{1} << 16;

  // `size`: the number of bytes that the source should have. Reading is an error if it has fewer; if it has more, the
  // rest is not read.
  ByteReader(ByteSource& source, std::uint64_t size);

  std::uint64_t offset() const { return offset_; }
  std::uint64_t remaining() const { return size_ - offset_; }

  // Returns the next `size` <= kWindow bytes, which are valid until the next call.
  absl::StatusOr<std::string_view> Take(std::size_t size);

  // Appends the next `size` bytes to `out`, which grows only by the bytes that have been read.
  absl::Status Append(std::uint64_t size, std::string& out);

  absl::Status Skip(std::uint64_t size);

  // Returns the bytes up to the next '\n', which is consumed and not part of the result.
  absl::StatusOr<std::string> ReadLine(std::size_t limit);

  template <std::unsigned_integral T>
  absl::StatusOr<T> ReadLittleEndian() {
    absl::StatusOr<std::string_view> bytes = Take(sizeof(T));
    if (!bytes.ok()) return bytes.status();
    T value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) {
      value = static_cast<T>((std::uint64_t{value} << 8) | static_cast<unsigned char>((*bytes)[i]));
    }
    return value;
  }

 private:
  // Reads until at least `size` bytes are in the buffer. Errors: kDataLoss if the source ends before.
  absl::Status Fill(std::size_t size);
  std::size_t buffered() const { return end_ - begin_; }

  ByteSource& source_;
  const std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;  // The unread bytes are buffer_[begin_, end_).
  std::size_t end_ = 0;
};

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_BYTE_READER_H_
