// The format is described in PKWARE's APPNOTE.TXT: 4.3.7 local headers, 4.3.12 the directory, 4.3.14 to 4.3.16 the
// records at its end, 4.5.3 the extra field of large members.

#include "checkpoint/io/zip_directory.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/io/byte_reader.h"
#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/file.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

// The fixed parts of the records.
constexpr std::string_view kLocalSignature = "PK\x03\x04";
constexpr std::size_t kLocalBytes = 30;
constexpr std::string_view kMemberSignature = "PK\x01\x02";
constexpr std::size_t kMemberBytes = 46;
constexpr std::string_view kEndSignature = "PK\x05\x06";
constexpr std::size_t kEndBytes = 22;
constexpr std::string_view kLargeLocatorSignature = "PK\x06\x07";
constexpr std::size_t kLargeLocatorBytes = 20;
constexpr std::string_view kLargeEndSignature = "PK\x06\x06";
constexpr std::size_t kLargeEndBytes = 56;

constexpr std::size_t kMaxCommentBytes = 0xffff;
constexpr std::uint16_t kLargeFieldId = 1;
// A number of 32 bits that stands in the extra field of large members instead.
constexpr std::uint64_t kInLargeField = 0xffffffff;

template <std::unsigned_integral T>
T Number(std::string_view record, std::size_t offset) {
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    value = static_cast<T>((std::uint64_t{value} << 8) | static_cast<unsigned char>(record[offset + i]));
  }
  return value;
}

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(absl::StrCat("is a damaged zip archive: ", std::string(what)));
}

// Reads `into.size()` bytes. Returns whether the file has them.
template <std::size_t kSize>
absl::StatusOr<bool> ReadRecord(const File& file, std::uint64_t offset, std::array<char, kSize>& into) {
  if (offset >= file.size()) return false;  // It may be too large for the operating system.
  absl::StatusOr<std::size_t> got = file.ReadAt(offset, into.data(), into.size());
  if (!got.ok()) return got.status();
  return *got == into.size();
}

// What the records at the end of the archive say about the directory.
struct DirectoryPlace {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t members = 0;
  std::uint64_t limit = 0;  // The offset of the record that follows the directory.
  bool is_split = false;    // Whether the archive has several files.
};

absl::StatusOr<DirectoryPlace> ReadLargeEnd(const File& file, std::uint64_t offset) {
  std::array<char, kLargeEndBytes> bytes;
  absl::StatusOr<bool> complete = ReadRecord(file, offset, bytes);
  if (!complete.ok()) return complete.status();
  const std::string_view record(bytes.data(), bytes.size());
  if (!*complete || !record.starts_with(kLargeEndSignature)) return Damaged("its zip64 record is missing");
  return DirectoryPlace{
      .offset = Number<std::uint64_t>(record, 48),
      .size = Number<std::uint64_t>(record, 40),
      .members = Number<std::uint64_t>(record, 32),
      .limit = offset,
      .is_split = Number<std::uint64_t>(record, 16) != 0 ||
                  Number<std::uint64_t>(record, 24) != Number<std::uint64_t>(record, 32),
  };
}

absl::StatusOr<DirectoryPlace> FindDirectory(const File& file) {
  constexpr std::size_t kMostBytes = kLargeLocatorBytes + kEndBytes + kMaxCommentBytes;
  std::string tail(static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), kMostBytes)), '\0');
  const std::uint64_t tail_offset = file.size() - tail.size();
  absl::StatusOr<std::size_t> got = file.ReadAt(tail_offset, tail.data(), tail.size());
  if (!got.ok()) return got.status();
  tail.resize(*got);
  // The last record of which the file has all bytes.
  std::size_t at = tail.rfind(kEndSignature);
  while (at != std::string::npos &&
         (tail.size() - at < kEndBytes || tail.size() - at - kEndBytes < Number<std::uint16_t>(tail, at + 20))) {
    at = at == 0 ? std::string::npos : tail.rfind(kEndSignature, at - 1);
  }
  if (at == std::string::npos) return Damaged("its directory, at the end of the file, is missing");
  const std::string_view before = std::string_view(tail).substr(0, at);
  if (before.size() >= kLargeLocatorBytes) {
    const std::string_view locator = before.substr(before.size() - kLargeLocatorBytes);
    if (locator.starts_with(kLargeLocatorSignature)) return ReadLargeEnd(file, Number<std::uint64_t>(locator, 8));
  }
  const std::string_view record = std::string_view(tail).substr(at);
  return DirectoryPlace{
      .offset = Number<std::uint32_t>(record, 16),
      .size = Number<std::uint32_t>(record, 12),
      .members = Number<std::uint16_t>(record, 10),
      .limit = tail_offset + at,
      .is_split = Number<std::uint32_t>(record, 4) != 0 ||
                  Number<std::uint16_t>(record, 8) != Number<std::uint16_t>(record, 10),
  };
}

// The content of the extra field of large members.
std::optional<std::string_view> FindLargeField(std::string_view extra) {
  while (extra.size() >= 4) {
    const std::size_t size = Number<std::uint16_t>(extra, 2);
    if (size > extra.size() - 4) return std::nullopt;
    if (Number<std::uint16_t>(extra, 0) == kLargeFieldId) return extra.substr(4, size);
    extra.remove_prefix(4 + size);
  }
  return std::nullopt;
}

absl::Status ReadLargeNumbers(std::string_view extra, ZipMember& member) {
  std::string_view field = FindLargeField(extra).value_or("");
  for (std::uint64_t* const number : {&member.size, &member.compressed_size, &member.header_offset}) {
    if (*number != kInLargeField) continue;
    if (field.size() < sizeof(std::uint64_t)) return Damaged("a member has no zip64 field, or an incomplete one");
    *number = Number<std::uint64_t>(field, 0);
    field.remove_prefix(sizeof(std::uint64_t));
  }
  return absl::OkStatus();
}

absl::StatusOr<ZipMember> ReadMember(ByteReader& reader) {
  absl::StatusOr<std::string_view> record = reader.Take(kMemberBytes);
  if (!record.ok()) return record.status();
  if (!record->starts_with(kMemberSignature)) return Damaged("its directory has fewer members than it says");
  ZipMember member;
  member.header_offset = Number<std::uint32_t>(*record, 42);
  member.size = Number<std::uint32_t>(*record, 24);
  member.compressed_size = Number<std::uint32_t>(*record, 20);
  member.method = Number<std::uint16_t>(*record, 10);
  member.crc32 = Number<std::uint32_t>(*record, 16);
  member.is_encrypted = (Number<std::uint16_t>(*record, 8) & 1) != 0;
  const std::size_t name_bytes = Number<std::uint16_t>(*record, 28);
  const std::size_t extra_bytes = Number<std::uint16_t>(*record, 30);
  const std::size_t comment_bytes = Number<std::uint16_t>(*record, 32);
  absl::StatusOr<std::string_view> name = reader.Take(name_bytes);
  if (!name.ok()) return name.status();
  member.name = *name;
  absl::StatusOr<std::string_view> extra = reader.Take(extra_bytes);
  if (!extra.ok()) return extra.status();
  if (absl::Status status = ReadLargeNumbers(*extra, member); !status.ok()) return status;
  if (absl::Status status = reader.Skip(comment_bytes); !status.ok()) return status;
  return member;
}

}  // namespace

absl::StatusOr<std::vector<ZipMember>> ReadZipDirectory(const File& file) {
  absl::StatusOr<DirectoryPlace> place = FindDirectory(file);
  if (!place.ok()) return place.status();
  if (place->is_split) return Damaged("it is one of several files");
  if (place->offset > place->limit || place->size > place->limit - place->offset) {
    return Damaged("its directory is not where it says");
  }
  if (place->members > place->size / kMemberBytes) return Damaged("its directory has fewer members than it says");
  FileByteSource source(file, place->offset, place->size);
  ByteReader reader(source, place->size);
  std::vector<ZipMember> members;
  for (std::uint64_t i = 0; i < place->members; ++i) {
    absl::StatusOr<ZipMember> member = ReadMember(reader);
    if (!member.ok()) return WithContext("the directory of the zip archive", member.status(), ", ");
    members.push_back(*std::move(member));
  }
  return members;
}

absl::StatusOr<std::uint64_t> ReadZipDataOffset(const File& file, const ZipMember& member) {
  std::array<char, kLocalBytes> bytes;
  absl::StatusOr<bool> complete = ReadRecord(file, member.header_offset, bytes);
  if (!complete.ok()) return complete.status();
  const std::string_view record(bytes.data(), bytes.size());
  if (!*complete || !record.starts_with(kLocalSignature)) {
    return absl::DataLossError("has no header where the directory says");
  }
  // The names and extra fields of both headers may have different lengths.
  return member.header_offset + kLocalBytes + Number<std::uint16_t>(record, 26) + Number<std::uint16_t>(record, 28);
}

}  // namespace metaconv
