// DeviceTransferStreams: the streams for transfers of each device.
//
// Example:
//   absl::StatusOr<c10::Stream> stream = streams.Next(device);
//
// The streams are our own, not those of LibTorch's pool: other code could be given the same one, and capture a graph on
// it. They run at the same time as other streams, also as the default stream.
//
// Thread safety: Thread-safe.
// Lifetime: streams live until the process ends. They are not destroyed: when they could be, CUDA may no longer exist.

#ifndef METACONV_CUDA_DEVICE_TRANSFER_STREAMS_H_
#define METACONV_CUDA_DEVICE_TRANSFER_STREAMS_H_

#include <cstddef>
#include <map>
#include <vector>

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

  // A new stream or, once the device has kMost, each of them in turn. `device` must be current.
  absl::StatusOr<c10::Stream> Next(c10::Device device) ABSL_LOCKS_EXCLUDED(mutex_);

  // As many as LibTorch's pool has.
  static constexpr std::size_t kMost = 32;

 private:
  struct OfDevice {
    std::vector<cudaStream_t> streams;
    std::size_t calls = 0;
  };

  Mutex mutex_;
  std::map<c10::DeviceIndex, OfDevice> devices_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CUDA_DEVICE_TRANSFER_STREAMS_H_
