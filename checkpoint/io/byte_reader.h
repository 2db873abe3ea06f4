// ByteReader: a buffered reader that knows where it is and how much can still come.
//
// Unlike ByteSource it hands out bytes in place, and an attempt to read past the end is an error: kDataLoss, without an
// offset, since the caller knows better where what it reads began.
//
// Example:
//   ByteReader reader(source, member_size);
//   absl::StatusOr<std::uint32_t> length = reader.ReadLittleEndian<std::uint32_t>();
//   if (*length > reader.remaining()) …            // Before anything of that length is allocated.
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
  // The longest run of bytes that Take can hand out.
  static constexpr std::size_t kWindow = std::size_t{1} << 16;

  // `size`: what the source is said to hold; fewer bytes are an error, more are not read.
  ByteReader(ByteSource& source, std::uint64_t size);

  std::uint64_t offset() const { return offset_; }
  std::uint64_t remaining() const { return size_ - offset_; }

  // The next `size` <= kWindow bytes, valid until the next call.
  absl::StatusOr<std::string_view> Take(std::size_t size);

  // Appends the next `size` bytes; grows `out` only as bytes arrive.
  absl::Status Append(std::uint64_t size, std::string& out);

  absl::Status Skip(std::uint64_t size);

  // Up to the next '\n', which is consumed and not part of the result.
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
  // Makes at least `size` bytes available at begin_, if the source has them.
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
