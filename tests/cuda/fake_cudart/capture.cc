#include "tests/cuda/fake_cudart/capture.h"

#include <utility>

#include "tests/cuda/fake_cudart/call.h"

namespace metaconv::fake_cudart {
namespace {

thread_local cudaStreamCaptureMode thread_mode = cudaStreamCaptureModeGlobal;

// Whether the capture forbids unsafe calls to the calling thread: see cudaThreadExchangeStreamCaptureMode in CUDA's
// documentation.
bool Forbids(const Capture& capture) {
  if (!capture.is_valid || thread_mode == cudaStreamCaptureModeRelaxed) return false;
  if (capture.thread == std::this_thread::get_id()) return capture.mode != cudaStreamCaptureModeRelaxed;
  return capture.mode == cudaStreamCaptureModeGlobal && thread_mode == cudaStreamCaptureModeGlobal;
}

cudaError_t Invalidate(Capture& capture, cudaError_t error) {
  capture.is_valid = false;
  return error;
}

// Another stream's capture that a default stream implicitly depends on, or null.
Capture* ImplicitCapture(StateLock& state, const Stream& stream) {
  if (!stream.is_default) return nullptr;
  for (const auto& [handle, other] : state->streams.created) {
    if (other->device == stream.device && other->capture != nullptr && (other->flags & cudaStreamNonBlocking) == 0) {
      return other->capture.get();
    }
  }
  return nullptr;
}

cudaStreamCaptureStatus StatusOf(const Stream& stream) {
  if (stream.capture == nullptr) return cudaStreamCaptureStatusNone;
  return stream.capture->is_valid ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusInvalidated;
}

}  // namespace

cudaError_t CaptureWork(StateLock& state, const Stream& stream, const Work& work) {
  if (!stream.capture->is_valid) return cudaErrorStreamCaptureInvalidated;
  if (work.run != nullptr) ++state->records.captured_work;
  return cudaSuccess;
}

void ForgetThreadMode() { thread_mode = cudaStreamCaptureModeGlobal; }

cudaError_t JoinCapture(StateLock&, Stream& waiting, const Event& event) {
  if (event.capture == waiting.capture) return cudaSuccess;
  if (event.capture == nullptr) {
    // An event that was never recorded orders nothing.
    if (event.point.stream == nullptr) return cudaSuccess;
    return Invalidate(*waiting.capture, cudaErrorStreamCaptureIsolation);
  }
  if (!event.capture->is_valid) return cudaErrorStreamCaptureInvalidated;
  if (waiting.is_default) return Invalidate(*event.capture, cudaErrorStreamCaptureImplicit);
  if (waiting.capture != nullptr) {
    Invalidate(*waiting.capture, cudaErrorStreamCaptureIsolation);
    return Invalidate(*event.capture, cudaErrorStreamCaptureIsolation);
  }
  waiting.capture = event.capture;
  return cudaSuccess;
}

cudaError_t CheckUnsafeCall(StateLock& state) {
  cudaError_t error = cudaSuccess;
  for (const std::shared_ptr<Capture>& capture : state->captures.active) {
    if (Forbids(*capture)) error = Invalidate(*capture, cudaErrorStreamCaptureUnsupported);
  }
  return error;
}

cudaError_t CheckWait(StateLock& state, const Stream& stream) {
  if (stream.capture != nullptr) return Invalidate(*stream.capture, cudaErrorStreamCaptureUnsupported);
  if (const cudaError_t error = CheckImplicitUse(state, stream); error != cudaSuccess) return error;
  return CheckUnsafeCall(state);
}

cudaError_t CheckImplicitUse(StateLock& state, const Stream& stream) {
  Capture* capture = ImplicitCapture(state, stream);
  return capture == nullptr ? cudaSuccess : Invalidate(*capture, cudaErrorStreamCaptureImplicit);
}

cudaError_t RefuseCapturedEvent(StateLock&, const Event& event) {
  return Invalidate(*event.capture, cudaErrorCapturedEvent);
}

extern "C" {

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  return RunCall("cudaThreadExchangeStreamCaptureMode", Needs::kDriver, [&](StateLock&) {
    std::swap(*mode, thread_mode);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  return RunCall("cudaStreamBeginCapture", Needs::kContext, [&](StateLock& state) {
    const std::shared_ptr<Stream> found = FindStream(state, stream);
    if (found == nullptr) return cudaErrorInvalidResourceHandle;
    if (found->is_default) return cudaErrorStreamCaptureUnsupported;
    if (found->capture != nullptr) return Invalidate(*found->capture, cudaErrorIllegalState);
    auto capture = std::make_shared<Capture>();
    capture->id = ++state->captures.last_id;
    capture->mode = mode;
    capture->thread = std::this_thread::get_id();
    capture->origin = found.get();
    found->capture = capture;
    state->captures.active.insert(std::move(capture));
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return RunCall("cudaStreamEndCapture", Needs::kContext, [&](StateLock& state) {
    *graph = nullptr;
    const std::shared_ptr<Stream> found = FindStream(state, stream);
    if (found == nullptr) return cudaErrorInvalidResourceHandle;
    const std::shared_ptr<Capture> capture = found->capture;
    if (capture == nullptr) return cudaErrorIllegalState;
    if (capture->origin != found.get()) return Invalidate(*capture, cudaErrorStreamCaptureUnmatched);
    if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id()) {
      return Invalidate(*capture, cudaErrorStreamCaptureWrongThread);
    }
    for (const auto& [handle, other] : state->streams.created) {
      if (other->capture == capture) other->capture = nullptr;
    }
    state->captures.active.erase(capture);
    if (!capture->is_valid) return cudaErrorStreamCaptureInvalidated;
    // There is nothing to launch: the graph is only a handle.
    *graph = reinterpret_cast<cudaGraph_t>(new char());
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return RunCall("cudaGraphDestroy", Needs::kDriver, [&](StateLock&) {
    delete reinterpret_cast<char*>(graph);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return RunCall("cudaStreamIsCapturing", Needs::kContext, [&](StateLock& state) {
    const std::shared_ptr<Stream> found = FindStream(state, stream);
    if (found == nullptr) return cudaErrorInvalidResourceHandle;
    if (ImplicitCapture(state, *found) != nullptr) return cudaErrorStreamCaptureImplicit;
    *status = StatusOf(*found);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus* status, unsigned long long* id,
                                     cudaGraph_t* graph, const cudaGraphNode_t** dependencies,
                                     const cudaGraphEdgeData** edges, std::size_t* dependency_count) {
  return RunCall("cudaStreamGetCaptureInfo", Needs::kContext, [&](StateLock& state) {
    const std::shared_ptr<Stream> found = FindStream(state, stream);
    if (found == nullptr) return cudaErrorInvalidResourceHandle;
    if (ImplicitCapture(state, *found) != nullptr) return cudaErrorStreamCaptureImplicit;
    *status = StatusOf(*found);
    if (id != nullptr) *id = found->capture != nullptr ? found->capture->id : 0;
    if (graph != nullptr) *graph = nullptr;
    if (dependencies != nullptr) *dependencies = nullptr;
    if (edges != nullptr) *edges = nullptr;
    if (dependency_count != nullptr) *dependency_count = 0;
    return cudaSuccess;
  });
}

}  // extern "C"

}  // namespace metaconv::fake_cudart
