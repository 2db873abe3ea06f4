// CallStreams: the streams that one call of the storage path works on.
//
// Example:
//   CallStreams streams(runtime);
//   absl::StatusOr<c10::Stream> stream = streams.Of(device);   // The caller's current stream.
//   return streams.Finish(StartWork(*stream));
//
// Thread safety: used by one thread.
// Lifetime: the runtime must outlive it.

#ifndef METACONV_CUDA_TRANSFER_CALL_STREAMS_H_
#define METACONV_CUDA_TRANSFER_CALL_STREAMS_H_

#include <map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "cuda/runtime/runtime.h"

namespace metaconv {

class CallStreams {
 public:
  explicit CallStreams(CudaRuntime& runtime) : runtime_(runtime) {}

  // The calling thread's current stream of `device`, the same one during the whole call.
  absl::StatusOr<c10::Stream> Of(c10::Device device);

  // Returns `status`. If it is an error, waits first for all work that the call started, so that the call's arguments
  // may be freed.
  absl::Status Finish(absl::Status status);

 private:
  CudaRuntime& runtime_;
  std::map<c10::DeviceIndex, c10::Stream> current_;
};

}  // namespace metaconv

#endif  // METACONV_CUDA_TRANSFER_CALL_STREAMS_H_
