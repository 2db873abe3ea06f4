#include "checkpoint/io/tar_members.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/io/file.h"

namespace metaconv {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMaxMembers = 10'000;
constexpr std::size_t kMaxPaxBytes = 1 << 20;

// Fields of a header: where they begin, and how long they are.
struct Field {
  std::size_t begin;
  std::size_t size;
};
constexpr Field kName = {0, 100};
constexpr Field kSize = {124, 12};
constexpr Field kChecksum = {148, 8};
constexpr std::size_t kType = 156;

std::string_view Bytes(std::string_view header, Field field) { return header.substr(field.begin, field.size); }

// Octal digits, followed by a space or a zero byte. GNU tar writes sizes over 8 GiB in binary, which PyTorch's files do
// not use.
std::optional<std::uint64_t> ParseOctal(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin);
  std::uint64_t value = 0;
  const std::from_chars_result result = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (result.ec != std::errc()) return std::nullopt;
  const bool ended = result.ptr == text.data() + text.size() || *result.ptr == ' ' || *result.ptr == '\0';
  return ended ? std::optional(value) : std::nullopt;
}

// The sum of all bytes, where the checksum field counts as spaces.
std::uint64_t Checksum(std::string_view header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksum.begin && i < kChecksum.begin + kChecksum.size;
    sum += own ? ' ' : static_cast<unsigned char>(header[i]);
  }
  return sum;
}

bool HasChecksum(std::string_view header) {
  const std::optional<std::uint64_t> checksum = ParseOctal(Bytes(header, kChecksum));
  return checksum.has_value() && *checksum == Checksum(header);
}

// The size in the pax records, which have the form "LENGTH KEY=VALUE\n". It replaces the size in the member's header; 0
// if no record has it.
std::uint64_t PaxSize(std::string_view records) {
  constexpr std::string_view kKey = " size=";
  const std::size_t key = records.find(kKey);
  if (key == std::string_view::npos) return 0;
  records.remove_prefix(key + kKey.size());
  std::uint64_t size = 0;
  std::from_chars(records.data(), records.data() + records.size(), size);
  return size;
}

absl::Status DamagedHeader(std::uint64_t offset) {
  return absl::DataLossError(absl::StrCat("offset ", offset, ": expected a tar header with a correct checksum"));
}

absl::Status WalkTar(const File& file, absl::flat_hash_map<std::string, TarMember>& members) {
  std::uint64_t pax_size = 0;  // From the preceding member, if it was a pax header.
  std::uint64_t offset = 0;
  for (std::size_t count = 0; file.size() - offset >= kBlock; ++count) {
    if (count == kMaxMembers) {
      return absl::ResourceExhaustedError(absl::StrCat("has more than ", kMaxMembers, " members"));
    }
    std::string header(kBlock, '\0');
    absl::StatusOr<std::size_t> got = file.ReadAt(offset, header.data(), kBlock);
    if (!got.ok()) return got.status();
    // A block of zeros ends the archive.
    if (*got < kBlock || header.find_first_not_of('\0') == std::string::npos) break;
    const std::optional<std::uint64_t> header_size = ParseOctal(Bytes(header, kSize));
    if (!HasChecksum(header) || !header_size.has_value()) return DamagedHeader(offset);
    const char type = header[kType];
    const bool is_pax = type == 'x' || type == 'g';
    TarMember member{.offset = offset + kBlock, .size = *header_size};
    if (!is_pax && pax_size != 0) member.size = pax_size;
    const std::uint64_t rest = file.size() - member.offset;
    if (member.size > rest) {
      return absl::DataLossError(absl::StrCat("offset ", offset, ": expected a member of ", member.size,
                                              " bytes, found ", rest, " up to the end of the file"));
    }
    if (type == 'x') {
      std::string records(static_cast<std::size_t>(std::min<std::uint64_t>(member.size, kMaxPaxBytes)), '\0');
      got = file.ReadAt(member.offset, records.data(), records.size());
      if (!got.ok()) return got.status();
      pax_size = PaxSize(records);
    } else {
      pax_size = 0;
      const std::string_view name = Bytes(header, kName);
      if (type == '0' || type == '\0') members[std::string(name.substr(0, name.find('\0')))] = member;
    }
    const std::uint64_t padded = (member.size + kBlock - 1) / kBlock * kBlock;
    if (padded > rest) break;
    offset = member.offset + padded;
  }
  return absl::OkStatus();
}

}  // namespace

bool IsTar(std::string_view head) { return head.size() >= kBlock && HasChecksum(head.substr(0, kBlock)); }

TarDirectory ReadTarDirectory(const File& file) {
  TarDirectory directory;
  directory.status = WalkTar(file, directory.members);
  return directory;
}

}  // namespace metaconv
