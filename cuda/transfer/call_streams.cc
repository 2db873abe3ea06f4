#include "cuda/transfer/call_streams.h"

namespace metaconv {

absl::StatusOr<c10::Stream> CallStreams::Of(c10::Device device) {
  auto it = current_.find(device.index());
  if (it == current_.end()) {
    absl::StatusOr<c10::Stream> stream = runtime_.CurrentStream(device);
    if (!stream.ok()) return stream.status();
    it = current_.emplace(device.index(), *stream).first;
  }
  return it->second;
}

absl::Status CallStreams::Finish(absl::Status status) {
  if (status.ok()) return status;
  // Waits for every stream, also if waiting for another one fails.
  for (const auto& [index, stream] : current_) runtime_.Synchronize(stream).IgnoreError();
  return status;
}

}  // namespace metaconv
