// ByteCursor: reads values from a range of a file, and checks that the range has them.
//
// Example:
//   ByteCursor cursor(fields, /*offset=*/448);
//   std::uint32_t count = 0;
//   if (absl::Status status = cursor.Get(count); !status.ok()) return status;
//
// Thread safety: none.
// Lifetime: the bytes must outlive it, and the texts that it returns are parts of them.

#ifndef METACONV_META_BINARY_BYTE_CURSOR_H_
#define METACONV_META_BINARY_BYTE_CURSOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "meta/binary/layout.h"
#include "meta/utf8.h"

namespace metaconv::binary {

class ByteCursor {
 public:
  // `offset` is the place of the first byte in the file, for messages.
  ByteCursor(std::string_view bytes, std::uint64_t offset) : rest_(bytes), offset_(offset) {}

  bool empty() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }
  std::uint64_t offset() const { return offset_; }

  template <typename T>
  absl::Status Get(T& value) {
    if (absl::Status status = Require(sizeof(T)); !status.ok()) return status;
    value = Load<T>(rest_.data());
    Advance(sizeof(T));
    return absl::OkStatus();
  }

  absl::Status Get(bool& value) {
    std::uint8_t byte = 0;
    if (absl::Status status = Get(byte); !status.ok()) return status;
    if (byte > 1) return Malformed("0 or 1", absl::StrCat(byte));
    value = byte == 1;
    return absl::OkStatus();
  }

  // A count, and as many elements of at least `element_size` bytes.
  absl::Status GetCount(std::size_t element_size, std::uint32_t& count) {
    if (absl::Status status = Get(count); !status.ok()) return status;
    if (count <= remaining() / element_size) return absl::OkStatus();
    return Malformed(
        absl::StrCat("at most ", remaining() / element_size, " elements, which fit in the rest of the part"),
        absl::StrCat(count));
  }

  // A length and as many bytes.
  absl::Status GetBytes(std::string_view& bytes) {
    std::uint32_t size = 0;
    if (absl::Status status = GetCount(1, size); !status.ok()) return status;
    bytes = rest_.substr(0, size);
    Advance(size);
    return absl::OkStatus();
  }

  // As GetBytes, with a length of one byte.
  absl::Status GetName(std::string_view& name) {
    std::uint8_t size = 0;
    absl::Status status = Get(size);
    if (status.ok()) status = Require(size);
    if (!status.ok()) return status;
    name = rest_.substr(0, size);
    Advance(size);
    return absl::OkStatus();
  }

  // Less than a word of zeros up to the end of the part.
  absl::Status GetPadding() const {
    if (rest_.size() < kWord && rest_.find_first_not_of('\0') == std::string_view::npos) return absl::OkStatus();
    return Malformed("padding with zeros", "other bytes");
  }

  // As GetBytes, for bytes that are UTF-8.
  absl::Status GetText(std::string& text) {
    std::string_view bytes;
    if (absl::Status status = GetBytes(bytes); !status.ok()) return status;
    if (!IsUtf8(bytes)) return Malformed("text in UTF-8", "other bytes");
    text = bytes;
    return absl::OkStatus();
  }

  // An error at the current place.
  absl::Status Malformed(const std::string& expected, const std::string& found) const {
    return absl::DataLossError(absl::StrCat("offset ", offset_, ": expected ", expected, ", found ", found));
  }

 private:
  absl::Status Require(std::size_t size) const {
    if (size <= rest_.size()) return absl::OkStatus();
    return Malformed(absl::StrCat(size, " bytes"), absl::StrCat(rest_.size(), " up to the end of the part"));
  }

  void Advance(std::size_t size) {
    rest_.remove_prefix(size);
    offset_ += size;
  }

  std::string_view rest_;
  std::uint64_t offset_;
};

}  // namespace metaconv::binary

#endif  // METACONV_META_BINARY_BYTE_CURSOR_H_
