// The layout of the binary form of records. docs/records_format.md describes it.
//
//   Header | FixedRecord[records] | NameEntry[names] | ObjectEntry[objects] | texts | fields | field names | padding
//   | checksum
//
// Numbers are little-endian and are read with memcpy, so the bytes may have any alignment.
//
// Example:
//   SealRecords(bytes);   // After a test changed some of them.
//
// Thread safety: plain values and pure functions.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_META_BINARY_LAYOUT_H_
#define METACONV_META_BINARY_LAYOUT_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "meta/checksum.h"

namespace metaconv::binary {

// On another machine each number would have to be swapped. LibTorch supports none that we could test on.
static_assert(std::endian::native == std::endian::little, "the binary form of records is written in this byte order");

// The first byte is not ASCII, and the line ends in the middle change if a transfer treats the file as text.
inline constexpr std::string_view kMagic = "\x8Dmcr\r\n\x1A\n";
inline constexpr std::uint32_t kVersion = 1;

struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t header_size;  // sizeof(Header).
  std::uint64_t file_size;    // Includes the checksum.
  std::int64_t describer_id;
  std::uint32_t records;
  std::uint32_t names;
  std::uint32_t objects;
  std::uint32_t field_names;
  std::uint64_t texts_size;
  std::uint64_t fields_size;
};
static_assert(sizeof(Header) == 64);

enum Flag : std::uint16_t {
  kIsInference = 1 << 0,
  kIsLeaf = 1 << 1,
  kRequiresGrad = 1 << 2,
  kIsSparse = 1 << 3,
  kIsView = 1 << 4,
  kIsNested = 1 << 5,
  kIsConj = 1 << 6,
  kIsNeg = 1 << 7,
  kIsParameter = 1 << 8,
  kIsBuffer = 1 << 9,
  kHasStride = 1 << 10,
  kHasStorage = 1 << 11,
  kHasFields = 1 << 12,  // Further fields of the record are in the part `fields`.
};
inline constexpr std::uint16_t kAllFlags = (1 << 13) - 1;

// Sizes and strides of more dimensions are in the part `fields`.
inline constexpr std::size_t kFixedDimensions = 5;
inline constexpr std::uint8_t kCountInFields = 255;

// A record refers to another one by its position in the file plus one; 0 is no record. It refers to earlier records
// only, so a file cannot contain a cycle.
using RecordNumber = std::uint32_t;

struct FixedRecord {
  std::int64_t id;
  std::int64_t storage_id;
  std::int64_t storage_size;
  std::int64_t storage_offset;
  std::int64_t size[kFixedDimensions];
  std::int64_t stride[kFixedDimensions];
  RecordNumber base;
  std::uint16_t flags;
  std::uint8_t dtype;   // The number of a c10::ScalarType.
  std::uint8_t layout;  // The number of a c10::Layout.
  std::uint8_t device_type;
  std::int8_t device_index;
  std::uint8_t creation_meta;  // 0: none; otherwise the number of a CreationMeta plus one.
  std::uint8_t size_count;     // At most kFixedDimensions, or kCountInFields.
  std::uint8_t stride_count;
  std::uint8_t reserved[3];  // 0.
};
static_assert(sizeof(FixedRecord) == 128);

// The texts of names and objects follow each other in the part `texts`, in the order of these tables.
struct NameEntry {
  std::uint32_t length;
  RecordNumber record;
};
struct ObjectEntry {
  std::uint32_t name_length;
  std::uint32_t type_length;
};

// The file is padded with zeros so that it consists of words of this size. The last word is the checksum.
inline constexpr std::size_t kWord = 8;

// The checksum of `bytes`, the file without its last word.
inline std::uint64_t ChecksumOf(std::string_view bytes) {
  std::uint64_t sum = ChecksumOfLength(bytes.size());
  for (std::size_t i = 0; i < bytes.size() / kWord; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i * kWord, kWord);
    sum += ChecksumTerm(word, i);
  }
  return sum;
}

// Sets the checksum of the complete file `bytes`.
inline void SealRecords(std::string& bytes) {
  if (bytes.size() < kWord) return;
  const std::size_t end = bytes.size() - kWord;
  const std::uint64_t sum = ChecksumOf(std::string_view(bytes).substr(0, end));
  std::memcpy(bytes.data() + end, &sum, kWord);
}

template <typename T>
T Load(const char* bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

template <typename T>
void Store(const T& value, char* bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(bytes, &value, sizeof(T));
}

}  // namespace metaconv::binary

#endif  // METACONV_META_BINARY_LAYOUT_H_
