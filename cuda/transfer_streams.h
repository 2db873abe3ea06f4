// TransferStreams: the streams on which the transfers of an upload run, so that they overlap with each other and with
// work that a caller's stream starts later.
//
// Each stream of a caller has transfer streams of its own. If all callers shared them, a caller whose stream waits for
// something would stop the uploads of all others.
//
// Example:
//   absl::StatusOr<std::vector<c10::Stream>> streams = transfer_streams.Of(callers_stream);
//
// Thread safety: Thread-safe.
// Lifetime: the runtime must outlive it.

#ifndef METACONV_CUDA_TRANSFER_STREAMS_H_
#define METACONV_CUDA_TRANSFER_STREAMS_H_

#include <map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "cuda/runtime.h"
#include "meta/mutex.h"

namespace metaconv {

class TransferStreams {
 public:
  explicit TransferStreams(CudaRuntime& runtime) : runtime_(runtime) {}

  // Two streams of the same device, always the same ones for the same `caller`. The kernel that distributes a buffer
  // follows the copy of the buffer on one of them, while the next buffer is copied on the other one.
  absl::StatusOr<std::vector<c10::Stream>> Of(c10::Stream caller) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Key = std::pair<c10::DeviceIndex, c10::StreamId>;

  CudaRuntime& runtime_;
  Mutex mutex_;
  std::map<Key, std::vector<c10::Stream>> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_STREAMS_H_
