#include "checkpoint/io/deflated_streams.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/storage_source.h"
#include "checkpoint/storage_location.h"
#include "meta/meta_storage_desc.h"

namespace metaconv {
namespace {

absl::Status Fill(ByteSource& source, absl::Span<char> into) {
  for (std::size_t done = 0; done < into.size();) {
    absl::StatusOr<std::size_t> got = source.Read(into.data() + done, into.size() - done);
    if (!got.ok()) return got.status();
    if (*got == 0) return absl::DataLossError(absl::StrCat("expected ", into.size(), " bytes, found ", done));
    done += *got;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DeflatedStreams::Read(MetaStorageId id, const StorageLocation& location, std::int64_t offset,
                                   absl::Span<char> into) {
  Stream stream = Take(id);
  if (offset == 0) {
    stream = {.source = OpenStorage(file_, location), .position = 0};
  } else if (stream.source == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("is compressed and must be read in order by one thread: expected offset 0, found ", offset));
  } else if (stream.position != offset) {
    return absl::FailedPreconditionError(absl::StrCat("is compressed and must be read in order: expected offset ",
                                                      stream.position, ", or 0 to start again, found ", offset));
  }
  if (absl::Status status = Fill(*stream.source, into); !status.ok()) return status;
  stream.position += static_cast<std::int64_t>(into.size());
  if (stream.position == location.size) return ExpectEnd(*stream.source);
  absl::MutexLock lock(&mutex_);
  streams_[id] = std::move(stream);
  return absl::OkStatus();
}

DeflatedStreams::Stream DeflatedStreams::Take(MetaStorageId id) {
  absl::MutexLock lock(&mutex_);
  const auto found = streams_.find(id);
  if (found == streams_.end()) return {};
  Stream stream = std::move(found->second);
  streams_.erase(found);
  return stream;
}

}  // namespace metaconv
