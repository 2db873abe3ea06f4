#include "cuda/runtime/event_pool.h"

namespace metaconv {

cudaError_t EventPool::Take(c10::Device device, cudaEvent_t* event) {
  {
    const MutexLock lock(mutex_);
    std::vector<cudaEvent_t>& free = free_[device.index()];
    if (!free.empty()) {
      *event = free.back();
      free.pop_back();
      return cudaSuccess;
    }
  }
  return cudaEventCreateWithFlags(event, cudaEventDisableTiming | cudaEventBlockingSync);
}

void EventPool::Return(c10::Device device, cudaEvent_t event) {
  const MutexLock lock(mutex_);
  free_[device.index()].push_back(event);
}

}  // namespace metaconv
