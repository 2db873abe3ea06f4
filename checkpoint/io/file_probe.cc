#include "checkpoint/io/file_probe.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "checkpoint/io/file.h"
#include "checkpoint/io/zip_archive.h"

namespace metaconv {
namespace {

constexpr std::size_t kHeadBytes = 4096;

}  // namespace

absl::StatusOr<FileProbe> FileProbe::Open(const std::string& path) {
  absl::StatusOr<File> opened = File::Open(path);
  if (!opened.ok()) return opened.status();
  auto file = std::make_shared<const File>(*std::move(opened));
  std::string head(kHeadBytes, '\0');
  absl::StatusOr<std::size_t> got = file->ReadAt(0, head.data(), head.size());
  if (!got.ok()) return got.status();
  head.resize(*got);
  std::optional<ZipArchive> zip;
  // As in PyTorch, a zip archive is recognized by the header of its first member at the start of the file. Files of
  // other formats can have a zip archive at their end.
  if (head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06")) {
    absl::StatusOr<ZipArchive> archive = ZipArchive::Open(file);
    if (!archive.ok()) return archive.status();
    zip = *std::move(archive);
  }
  return FileProbe{.file = std::move(file), .head = std::move(head), .zip = std::move(zip)};
}

}  // namespace metaconv
