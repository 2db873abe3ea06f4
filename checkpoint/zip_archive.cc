#include "checkpoint/zip_archive.h"

#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/byte_source.h"
#include "checkpoint/file.h"
#include "checkpoint/located_status.h"

namespace metaconv {
namespace {

// Deflate cannot make more out of a byte, so whoever claims it does not tell the truth.
constexpr std::uint64_t kMaxDeflateRatio = 1032;

class ZipMemberSource : public ByteSource {
 public:
  explicit ZipMemberSource(zip_file_t* file) : file_(file) {}

  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override {
    const zip_int64_t got = zip_fread(file_.get(), buffer, size);
    if (got < 0) return absl::DataLossError(absl::StrCat("cannot be read: ", zip_file_strerror(file_.get())));
    return static_cast<std::size_t>(got);
  }

  absl::Status Skip(std::uint64_t size) override {
    std::array<char, 1 << 14> scratch;
    while (size > 0) {
      absl::StatusOr<std::size_t> got =
          Read(scratch.data(), static_cast<std::size_t>(std::min<std::uint64_t>(size, scratch.size())));
      if (!got.ok()) return got.status();
      if (*got == 0) return absl::DataLossError("ends before its time");
      size -= *got;
    }
    return absl::OkStatus();
  }

 private:
  struct Close {
    void operator()(zip_file_t* file) const { zip_fclose(file); }
  };

  std::unique_ptr<zip_file_t, Close> file_;
};

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(absl::StrCat("is a damaged zip archive: ", std::string(what)));
}

}  // namespace

absl::StatusOr<ZipArchive> ZipArchive::Open(const File& file) {
  const int descriptor = dup(file.descriptor());
  if (descriptor < 0) return absl::ErrnoToStatus(errno, "cannot open");
  int error = 0;
  ZipArchive archive;
  archive.zip_.reset(zip_fdopen(descriptor, 0, &error));
  if (archive.zip_ == nullptr) {
    close(descriptor);
    zip_error_t text;
    zip_error_init_with_code(&text, error);
    absl::Status status = Damaged(error == ZIP_ER_NOZIP ? "its directory, at the end of the file, is missing"
                                                        : zip_error_strerror(&text));
    zip_error_fini(&text);
    return status;
  }
  const zip_int64_t count = zip_get_num_entries(archive.zip_.get(), 0);
  std::uint64_t total = 0;
  for (zip_int64_t i = 0; i < count; ++i) {
    if (absl::Status status = archive.AddMember(static_cast<std::uint64_t>(i)); !status.ok()) return status;
    // Members that overlap are how a small archive unpacks to anything; together they cannot be longer than the file.
    const std::uint64_t compressed_size = archive.members_.back().compressed_size;
    if (compressed_size > file.size() - total) return Damaged("its members are longer than the file");
    total += compressed_size;
  }
  return archive;
}

absl::Status ZipArchive::AddMember(std::uint64_t index) {
  zip_stat_t stat;
  if (zip_stat_index(zip_.get(), index, ZIP_FL_ENC_RAW, &stat) != 0) return Damaged(zip_strerror(zip_.get()));
  constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if ((stat.valid & kNeeded) != kNeeded) return Damaged("a member has no size");
  ZipMember member{.name = stat.name,
                   .index = index,
                   .size = stat.size,
                   .compressed_size = stat.comp_size,
                   .method = stat.comp_method};
  if (member.method == ZIP_CM_STORE && member.size != member.compressed_size) {
    return Within(MemberPlace(member.name), absl::DataLossError("is stored, but its two sizes differ"));
  }
  if (member.size / kMaxDeflateRatio > member.compressed_size) {
    return Within(MemberPlace(member.name),
                  absl::DataLossError(
                      absl::StrCat("cannot inflate from ", member.compressed_size, " to ", member.size, " bytes")));
  }
  if (!by_name_.emplace(member.name, members_.size()).second) {
    return Within(MemberPlace(member.name), absl::DataLossError("is in the archive twice"));
  }
  members_.push_back(std::move(member));
  return absl::OkStatus();
}

const ZipMember* ZipArchive::Find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &members_[found->second];
}

absl::StatusOr<std::unique_ptr<ByteSource>> ZipArchive::OpenMember(const ZipMember& member) const {
  if (member.method != ZIP_CM_STORE && member.method != ZIP_CM_DEFLATE) {
    return absl::UnimplementedError(absl::StrCat("is compressed by method ", member.method,
                                                 ", where PyTorch writes stored and deflated members only"));
  }
  zip_file_t* const file = zip_fopen_index(zip_.get(), member.index, 0);
  if (file == nullptr) return absl::DataLossError(absl::StrCat("cannot be opened: ", zip_strerror(zip_.get())));
  return std::make_unique<ZipMemberSource>(file);
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
    if (*got == 0) return absl::DataLossError("ends before its time");
    done += *got;
  }
  return content;
}

}  // namespace metaconv
