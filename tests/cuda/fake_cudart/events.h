// Events: points in the work of streams.
//
// Thread safety: guarded by the StateLock.
// Lifetime: an event may be destroyed before its point is reached.

#ifndef METACONV_TESTS_CUDA_FAKE_CUDART_EVENTS_H_
#define METACONV_TESTS_CUDA_FAKE_CUDART_EVENTS_H_

#include <map>
#include <memory>

#include "tests/cuda/fake_cudart/streams.h"

namespace metaconv::fake_cudart {

struct Event {
  int device = 0;
  unsigned int flags = cudaEventDefault;
  Point point;                       // Where it was recorded last.
  std::shared_ptr<Capture> capture;  // Set if it was recorded last in a capture.
};

struct Events {
  std::map<cudaEvent_t, std::unique_ptr<Event>> created;
};

}  // namespace metaconv::fake_cudart

#endif  // METACONV_TESTS_CUDA_FAKE_CUDART_EVENTS_H_
