// UploadStreams: the streams on which uploads run, so that they overlap with each other and with work that a caller's
// stream starts later.
//
// Each of the first kMostCallers streams of a device on which callers upload has streams of its own; further ones share
// them. With a single stream for all, a caller whose stream waits for something would stop the uploads of all others.
//
// Example:
//   absl::StatusOr<std::vector<c10::Stream>> streams = upload_streams.Of(callers_stream);
//
// Thread safety: Thread-safe.
// Lifetime: the runtime must outlive it.

#ifndef METACONV_CUDA_TRANSFER_UPLOAD_STREAMS_H_
#define METACONV_CUDA_TRANSFER_UPLOAD_STREAMS_H_

#include <cstddef>
#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "cuda/runtime/runtime.h"
#include "meta/mutex.h"

namespace metaconv {

class UploadStreams {
 public:
  // The runtime never destroys its streams, and programs may create new ones again and again.
  static constexpr std::size_t kMostCallers = 16;

  explicit UploadStreams(CudaRuntime& runtime) : runtime_(runtime) {}

  // Two streams of the same device, always the same ones for the same `caller`. The kernel that distributes a buffer
  // follows the copy of the buffer on one of them, while the next buffer is copied on the other one.
  absl::StatusOr<std::vector<c10::Stream>> Of(c10::Stream caller) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Entry {
    c10::StreamId caller;
    std::vector<c10::Stream> streams;
  };

  // The entry for `caller`, or null if it is to be created.
  const Entry* Find(c10::Stream caller) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  CudaRuntime& runtime_;
  Mutex mutex_;
  std::map<c10::DeviceIndex, std::vector<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_UPLOAD_STREAMS_H_
