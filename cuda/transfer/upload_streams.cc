#include "cuda/transfer/upload_streams.h"

#include <cstdint>
#include <utility>

namespace metaconv {
namespace {

constexpr std::size_t kStreams = 2;

}  // namespace

absl::StatusOr<std::vector<c10::Stream>> UploadStreams::Of(c10::Stream caller) {
  {
    const MutexLock lock(mutex_);
    if (const Entry* entry = Find(caller); entry != nullptr) return entry->streams;
  }
  Entry created = {.caller = caller.id(), .streams = {}};
  while (created.streams.size() < kStreams) {
    absl::StatusOr<c10::Stream> stream = runtime_.TransferStream(caller.device());
    if (!stream.ok()) return stream.status();
    created.streams.push_back(*stream);
  }
  const MutexLock lock(mutex_);
  // Another thread may have been faster.
  if (const Entry* entry = Find(caller); entry != nullptr) return entry->streams;
  return entries_[caller.device_index()].emplace_back(std::move(created)).streams;
}

const UploadStreams::Entry* UploadStreams::Find(c10::Stream caller) {
  const std::vector<Entry>& entries = entries_[caller.device_index()];
  for (const Entry& entry : entries) {
    if (entry.caller == caller.id()) return &entry;
  }
  if (entries.size() < kMostCallers) return nullptr;
  return &entries[static_cast<std::uint64_t>(caller.id()) % kMostCallers];
}

}  // namespace metaconv
