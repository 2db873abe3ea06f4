#include "checkpoint/io/zip_archive.h"

#include <zip.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/file.h"
#include "checkpoint/io/member_place.h"
#include "checkpoint/io/storage_source.h"
#include "checkpoint/io/zip_file_source.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

// The largest ratio that deflate can reach. A directory with a larger one is wrong.
constexpr std::uint64_t kMaxDeflateRatio = 1032;

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(absl::StrCat("is a damaged zip archive: ", std::string(what)));
}

}  // namespace

absl::StatusOr<ZipArchive> ZipArchive::Open(std::shared_ptr<const File> file) {
  ZipArchive archive;
  archive.source_ = std::make_unique<ZipFileSource>(std::move(file));
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* const source = archive.source_->NewSource(&error);
  if (source != nullptr) archive.zip_.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
  if (archive.zip_ == nullptr) {
    absl::Status status =
        Damaged(zip_error_code_zip(&error) == ZIP_ER_NOZIP ? "its directory, at the end of the file, is missing"
                                                           : zip_error_strerror(&error));
    zip_source_free(source);
    zip_error_fini(&error);
    return status;
  }
  const zip_int64_t count = zip_get_num_entries(archive.zip_.get(), 0);
  std::uint64_t total = 0;
  for (zip_int64_t i = 0; i < count; ++i) {
    if (absl::Status status = archive.AddMember(static_cast<std::uint64_t>(i)); !status.ok()) return status;
    // Members cannot be longer than the file together. If they are, they overlap, as in zip bombs, which use the same
    // bytes for many members.
    const std::uint64_t compressed_size = archive.members_.back().compressed_size;
    if (compressed_size > archive.source_->file().size() - total)
      return Damaged("its members are longer than the file");
    total += compressed_size;
    archive.has_checksums_ |= archive.members_.back().crc32 != 0;
  }
  return archive;
}

absl::Status ZipArchive::AddMember(std::uint64_t index) {
  zip_stat_t stat;
  if (zip_stat_index(zip_.get(), index, ZIP_FL_ENC_RAW, &stat) != 0) return Damaged(zip_strerror(zip_.get()));
  constexpr zip_uint64_t kNeeded =
      ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_CRC;
  if ((stat.valid & kNeeded) != kNeeded) return Damaged("a member has no size or no CRC-32");
  ZipMember member{.name = stat.name,
                   .index = index,
                   .size = stat.size,
                   .compressed_size = stat.comp_size,
                   .method = stat.comp_method,
                   .crc32 = stat.crc,
                   .is_encrypted = stat.encryption_method != ZIP_EM_NONE};
  if (member.IsStored() && member.size != member.compressed_size) {
    return WithContext(MemberPlace(member.name),
                       absl::DataLossError("is stored without compression, but its two sizes differ"), ", ");
  }
  if (member.size / kMaxDeflateRatio > member.compressed_size) {
    return WithContext(MemberPlace(member.name),
                       absl::DataLossError(absl::StrCat("expected a size that ", member.compressed_size,
                                                        " compressed bytes can have, found ", member.size)),
                       ", ");
  }
  if (!by_name_.emplace(member.name, members_.size()).second) {
    return WithContext(MemberPlace(member.name), absl::DataLossError("is in the archive twice"), ", ");
  }
  members_.push_back(std::move(member));
  return absl::OkStatus();
}

const ZipMember* ZipArchive::Find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &members_[found->second];
}

absl::StatusOr<std::uint64_t> ZipArchive::Locate(const ZipMember& member) const {
  if (member.is_encrypted) return absl::UnimplementedError("is encrypted");
  if (member.method != ZIP_CM_STORE && member.method != ZIP_CM_DEFLATE) {
    return absl::UnimplementedError(absl::StrCat("has compression method ", member.method,
                                                 "; only stored (0) and deflated (8) members are supported"));
  }
  if (member.compressed_size == 0) return 0;
  struct Close {
    void operator()(zip_file_t* file) const { zip_fclose(file); }
  };
  const std::unique_ptr<zip_file_t, Close> file(zip_fopen_index(zip_.get(), member.index, ZIP_FL_COMPRESSED));
  if (file == nullptr) return absl::DataLossError(absl::StrCat("cannot be opened: ", zip_strerror(zip_.get())));
  // With ZIP_FL_COMPRESSED libzip returns the bytes as they are in the file and reads only as many as requested, so the
  // last read was at the first byte of the data.
  char first = 0;
  if (zip_fread(file.get(), &first, 1) != 1) {
    return absl::DataLossError(absl::StrCat("cannot be read: ", zip_file_strerror(file.get())));
  }
  const std::uint64_t offset = source_->last_read();
  // If the file has grown since it was opened, the offset may be behind its former end.
  const std::uint64_t rest = source_->file().size() - std::min(source_->file().size(), offset);
  if (member.compressed_size > rest) {
    return absl::DataLossError(
        absl::StrCat("expected ", member.compressed_size, " bytes, found ", rest, " up to the end of the file"));
  }
  return offset;
}

absl::StatusOr<std::unique_ptr<ByteSource>> ZipArchive::OpenMember(const ZipMember& member) const {
  absl::StatusOr<std::uint64_t> offset = Locate(member);
  if (!offset.ok()) return offset.status();
  const FileByteSource bytes(source_->file(), *offset, member.compressed_size);
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
