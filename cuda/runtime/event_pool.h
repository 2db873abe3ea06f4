// EventPool: CUDA events that are reused. Creating an event takes several times as long as recording one.
//
// Example:
//   cudaEvent_t event = nullptr;
//   cudaError_t error = pool.Take(device, &event);   // `device` must be current.
//   ...
//   pool.Return(device, event);
//
// The events measure no time, and a thread that waits for one blocks instead of spinning.
//
// Thread safety: Thread-safe.
// Lifetime: the pool never destroys events: when it could, CUDA may no longer exist. It keeps as many as were in use at
// once.

#ifndef METACONV_CUDA_RUNTIME_EVENT_POOL_H_
#define METACONV_CUDA_RUNTIME_EVENT_POOL_H_

#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "c10/core/Device.h"
#include "cuda_runtime_api.h"
#include "meta/mutex.h"

namespace metaconv {

class EventPool {
 public:
  EventPool() = default;
  EventPool(const EventPool&) = delete;
  EventPool& operator=(const EventPool&) = delete;

  cudaError_t Take(c10::Device device, cudaEvent_t* event) ABSL_LOCKS_EXCLUDED(mutex_);

  // Work may still wait for the event: recording it again does not change that.
  void Return(c10::Device device, cudaEvent_t event) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Mutex mutex_;
  std::map<c10::DeviceIndex, std::vector<cudaEvent_t>> free_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CUDA_RUNTIME_EVENT_POOL_H_
