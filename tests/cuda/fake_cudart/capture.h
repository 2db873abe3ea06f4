// Captures: streams whose work is recorded instead of run, and the calls that are not allowed meanwhile.
//
// A refused call also ends the capture: it is invalidated, and cudaStreamEndCapture returns an error. The work is not
// kept, only counted; graphs cannot be launched.
//
// Thread safety: guarded by the StateLock. Each thread has its own capture mode.
// Lifetime: the streams and the events of a capture share it.

#ifndef METACONV_TESTS_CUDA_FAKE_CUDART_CAPTURE_H_
#define METACONV_TESTS_CUDA_FAKE_CUDART_CAPTURE_H_

#include <memory>
#include <set>
#include <thread>

#include "driver_types.h"

namespace metaconv::fake_cudart {

class StateLock;
struct Event;
struct Stream;
struct Work;

struct Capture {
  unsigned long long id = 0;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id thread;  // That began it.
  const Stream* origin = nullptr;
  bool is_valid = true;
};

struct Captures {
  std::set<std::shared_ptr<Capture>> active;
  unsigned long long last_id = 0;
};

// Records work of a captured stream. Work that only orders other work is not counted.
cudaError_t CaptureWork(StateLock& state, const Stream& stream, const Work& work);

// Sets the calling thread's mode to the initial one.
void ForgetThreadMode();

// Makes the waiting stream part of the event's capture. Errors: dependencies between captured work and other work.
cudaError_t JoinCapture(StateLock& state, Stream& waiting, const Event& event);

// For calls that may depend on work of any stream. Errors: if a capture forbids them to this thread.
cudaError_t CheckUnsafeCall(StateLock& state);

// For calls that wait for a stream, or ask whether it is done.
cudaError_t CheckWait(StateLock& state, const Stream& stream);

// For work on a default stream, which depends on all blocking streams of its device.
cudaError_t CheckImplicitUse(StateLock& state, const Stream& stream);

// Invalidates the event's capture, and returns the error.
cudaError_t RefuseCapturedEvent(StateLock& state, const Event& event);

}  // namespace metaconv::fake_cudart

#endif  // METACONV_TESTS_CUDA_FAKE_CUDART_CAPTURE_H_
