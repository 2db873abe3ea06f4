#include "checkpoint/checkpoint_file.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "checkpoint/checkpoint_types.h"
#include "checkpoint/formats.h"
#include "checkpoint/io/byte_order.h"
#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/deflated_streams.h"
#include "checkpoint/io/file.h"
#include "checkpoint/io/file_probe.h"
#include "checkpoint/io/member_place.h"
#include "checkpoint/io/storage_source.h"
#include "checkpoint/storage_location.h"
#include "meta/meta_storage_desc.h"
#include "meta/with_context.h"

namespace metaconv {
namespace {

absl::Status CheckRange(const StorageLocation& location, std::int64_t offset, std::size_t size) {
  if (offset < 0 || offset > location.size || size > static_cast<std::uint64_t>(location.size - offset)) {
    return absl::InvalidArgumentError(absl::StrCat("expected a range inside its ", location.size, " bytes, found ",
                                                   size, " bytes from ", offset, " on"));
  }
  const std::int64_t end = offset + static_cast<std::int64_t>(size);
  if (offset % location.swap_size != 0 || (end % location.swap_size != 0 && end != location.size)) {
    return absl::InvalidArgumentError(absl::StrCat("expected a range of whole elements of ", location.swap_size,
                                                   " bytes, whose byte order is converted, found ", size,
                                                   " bytes from ", offset, " on"));
  }
  return absl::OkStatus();
}

absl::Status ReadPlain(const File& file, const StorageLocation& location, std::int64_t offset, absl::Span<char> into) {
  const std::uint64_t begin = location.offset + static_cast<std::uint64_t>(offset);
  absl::StatusOr<std::size_t> got = file.ReadAt(begin, into.data(), into.size());
  if (!got.ok()) return got.status();
  if (*got == into.size()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("expected ", into.size(), " bytes from offset ", begin,
                                          " of the file on, found ", *got,
                                          ": the file was truncated after it was opened"));
}

}  // namespace

absl::StatusOr<CheckpointFile> CheckpointFile::Open(const std::string& path, const ReadOptions& options) {
  absl::StatusOr<FileProbe> probe = FileProbe::Open(path);
  if (!probe.ok()) return WithContext(path, probe.status());
  ReadOptions located = options;
  located.locate_storages = true;
  absl::StatusOr<Checkpoint> checkpoint = ReadProbe(*probe, located);
  if (!checkpoint.ok()) return WithContext(path, checkpoint.status());
  return CheckpointFile(path, std::move(probe->file), *std::move(checkpoint));
}

CheckpointFile::CheckpointFile(std::string path, std::shared_ptr<const File> file, Checkpoint checkpoint)
    : path_(std::move(path)),
      file_(std::move(file)),
      checkpoint_(std::move(checkpoint)),
      streams_(std::make_unique<DeflatedStreams>(*file_)) {}

absl::Status CheckpointFile::Read(MetaStorageId id, std::int64_t offset, absl::Span<char> into) const {
  absl::StatusOr<const StorageLocation*> location = Find(id);
  if (!location.ok()) return location.status();
  absl::Status status = CheckRange(**location, offset, into.size());
  if (status.ok() && !into.empty()) status = ReadBytes(id, **location, offset, into);
  return status.ok() ? status : Place(id, **location, status);
}

std::optional<std::int64_t> CheckpointFile::PlainOffset(MetaStorageId id) const {
  const absl::StatusOr<const StorageLocation*> location = Find(id);
  if (!location.ok() || (*location)->size == 0) return std::nullopt;
  if ((*location)->bytes != StorageBytes::kPlain || (*location)->swap_size != 1) return std::nullopt;
  return static_cast<std::int64_t>((*location)->offset);
}

absl::Status CheckpointFile::CheckCrc32(MetaStorageId id) const {
  absl::StatusOr<const StorageLocation*> location = Find(id);
  if (!location.ok()) return location.status();
  if (!(*location)->crc32.has_value()) return absl::OkStatus();
  const std::unique_ptr<ByteSource> source = OpenStorage(*file_, **location);
  absl::Status status = source->Skip(static_cast<std::uint64_t>((*location)->size));
  if (status.ok()) status = ExpectEnd(*source);
  return status.ok() ? status : Place(id, **location, status);
}

absl::StatusOr<const StorageLocation*> CheckpointFile::Find(MetaStorageId id) const {
  if (id >= 0 && static_cast<std::uint64_t>(id) < checkpoint_.storages.size()) {
    return &checkpoint_.storages[static_cast<std::size_t>(id)];
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path_, ": expected the id of one of its ", checkpoint_.storages.size(), " storages, found ", id));
}

absl::Status CheckpointFile::ReadBytes(MetaStorageId id, const StorageLocation& location, std::int64_t offset,
                                       absl::Span<char> into) const {
  absl::Status status;
  switch (location.bytes) {
    case StorageBytes::kPlain:
      status = ReadPlain(*file_, location, offset, into);
      break;
    case StorageBytes::kDeflated:
      status = streams_->Read(id, location, offset, into);
      break;
    case StorageBytes::kNone:
      return absl::FailedPreconditionError("is on the meta device, and has no bytes");
    case StorageBytes::kComputed:
      return absl::UnimplementedError("has no bytes in the file: Python computes them when it loads the file");
  }
  if (status.ok()) SwapBytes(location.swap_size, into);
  return status;
}

absl::Status CheckpointFile::Place(MetaStorageId id, const StorageLocation& location,
                                   const absl::Status& status) const {
  std::string place = absl::StrCat(path_, ": storage ", id);
  if (!location.member.empty()) absl::StrAppend(&place, ", ", MemberPlace(location.member));
  return WithContext(place, status);
}

}  // namespace metaconv
