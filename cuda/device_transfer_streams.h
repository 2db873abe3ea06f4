// DeviceTransferStreams: one stream for each device, on which all transfers of that device run in order.
//
// Example:
//   absl::StatusOr<c10::Stream> stream = streams.Get(device);
//
// The streams are our own, not those of LibTorch's pool: other code could be given the same one, and capture a graph on
// it. They run at the same time as other streams, also as the default stream.
//
// Thread safety: Thread-safe.
// Lifetime: streams live until the process ends. They are not destroyed: when they could be, CUDA may no longer exist.

#ifndef METACONV_CUDA_DEVICE_TRANSFER_STREAMS_H_
#define METACONV_CUDA_DEVICE_TRANSFER_STREAMS_H_

#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "cuda_runtime_api.h"
#include "meta/mutex.h"

namespace metaconv {

class DeviceTransferStreams {
 public:
  DeviceTransferStreams() = default;
  DeviceTransferStreams(const DeviceTransferStreams&) = delete;
  DeviceTransferStreams& operator=(const DeviceTransferStreams&) = delete;

  // `device` must be current.
  absl::StatusOr<c10::Stream> Get(c10::Device device) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Mutex mutex_;
  std::map<c10::DeviceIndex, cudaStream_t> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CUDA_DEVICE_TRANSFER_STREAMS_H_
