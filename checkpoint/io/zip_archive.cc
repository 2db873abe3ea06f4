#include "checkpoint/io/zip_archive.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/file.h"
#include "checkpoint/io/member_place.h"
#include "checkpoint/io/storage_source.h"
#include "checkpoint/io/zip_directory.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

// The largest ratio that deflate can reach. A directory with a larger one is wrong.
constexpr std::uint64_t kMaxDeflateRatio = 1032;

absl::Status CheckSizes(const ZipMember& member) {
  if (member.IsStored() && member.size != member.compressed_size) {
    return absl::DataLossError("is stored without compression, but its two sizes differ");
  }
  if (member.size / kMaxDeflateRatio > member.compressed_size) {
    return absl::DataLossError(absl::StrCat("expected a size that ", member.compressed_size,
                                            " compressed bytes can have, found ", member.size));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ZipArchive> ZipArchive::Open(std::shared_ptr<const File> file) {
  absl::StatusOr<std::vector<ZipMember>> members = ReadZipDirectory(*file);
  if (!members.ok()) return members.status();
  ZipArchive archive(std::move(file));
  archive.members_ = *std::move(members);
  if (absl::Status status = archive.AddMembers(); !status.ok()) return status;
  return archive;
}

absl::Status ZipArchive::AddMembers() {
  by_name_.reserve(members_.size());
  std::uint64_t total = 0;
  for (const ZipMember& member : members_) {
    absl::Status status = CheckSizes(member);
    if (status.ok() && !by_name_.try_emplace(member.name, &member).second) {
      status = absl::DataLossError("is in the archive twice");
    }
    if (!status.ok()) return WithContext(MemberPlace(member.name), status, ", ");
    // Members cannot be longer than the file together. If they are, they overlap, as in zip bombs, which use the same
    // bytes for many members.
    if (member.compressed_size > file_->size() - total) {
      return absl::DataLossError("is a damaged zip archive: its members are longer than the file");
    }
    total += member.compressed_size;
    has_checksums_ |= member.crc32 != 0;
  }
  return absl::OkStatus();
}

const ZipMember* ZipArchive::Find(std::string_view name) const {
  const auto found = by_name_.find(absl::string_view(name.data(), name.size()));
  return found == by_name_.end() ? nullptr : found->second;
}

absl::StatusOr<std::uint64_t> ZipArchive::Locate(const ZipMember& member) const {
  if (member.is_encrypted) return absl::UnimplementedError("is encrypted");
  if (member.method != ZipMember::kStored && member.method != ZipMember::kDeflated) {
    return absl::UnimplementedError(absl::StrCat("has compression method ", member.method,
                                                 "; only stored (0) and deflated (8) members are supported"));
  }
  if (member.compressed_size == 0) return 0;
  absl::StatusOr<std::uint64_t> offset = ReadZipDataOffset(*file_, member);
  if (!offset.ok()) return offset.status();
  // If the file has grown since it was opened, the offset may be behind its former end.
  const std::uint64_t rest = file_->size() - std::min(file_->size(), *offset);
  if (member.compressed_size > rest) {
    return absl::DataLossError(
        absl::StrCat("expected ", member.compressed_size, " bytes, found ", rest, " up to the end of the file"));
  }
  return offset;
}

absl::StatusOr<std::unique_ptr<ByteSource>> ZipArchive::OpenMember(const ZipMember& member) const {
  absl::StatusOr<std::uint64_t> offset = Locate(member);
  if (!offset.ok()) return offset.status();
  const FileByteSource bytes(*file_, *offset, member.compressed_size);
  return OpenBytes(bytes, !member.IsStored(), has_checksums_ ? std::optional(member.crc32) : std::nullopt);
}

absl::StatusOr<std::string> ZipArchive::ReadMember(const ZipMember& member, std::size_t limit) const {
  if (member.size > limit) {
    return absl::DataLossError(absl::StrCat("expected at most ", limit, " bytes, found ", member.size));
  }
  absl::StatusOr<std::unique_ptr<ByteSource>> source = OpenMember(member);
  if (!source.ok()) return source.status();
  std::string content(static_cast<std::size_t>(member.size), '\0');
  std::size_t done = 0;
  while (done < content.size()) {
    absl::StatusOr<std::size_t> got = (*source)->Read(content.data() + done, content.size() - done);
    if (!got.ok()) return got.status();
    if (*got == 0) return absl::DataLossError("ends too early");
    done += *got;
  }
  return content;
}

}  // namespace metaconv
