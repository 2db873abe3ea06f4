#include "cuda/transfer_streams.h"

namespace metaconv {
namespace {

constexpr std::size_t kStreams = 2;

}  // namespace

absl::StatusOr<std::vector<c10::Stream>> TransferStreams::Of(c10::Stream caller) {
  const Key key = {caller.device_index(), caller.id()};
  {
    const MutexLock lock(mutex_);
    if (const auto it = streams_.find(key); it != streams_.end()) return it->second;
  }
  std::vector<c10::Stream> streams;
  while (streams.size() < kStreams) {
    absl::StatusOr<c10::Stream> stream = runtime_.TransferStream(caller.device());
    if (!stream.ok()) return stream.status();
    streams.push_back(*stream);
  }
  const MutexLock lock(mutex_);
  return streams_.try_emplace(key, streams).first->second;
}

}  // namespace metaconv
