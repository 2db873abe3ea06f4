#include "tests/cuda/fake_cudart/events.h"

#include "tests/cuda/fake_cudart/call.h"

namespace metaconv::fake_cudart {
namespace {

Event* Find(StateLock& state, cudaEvent_t event) {
  const auto found = state->events.created.find(event);
  return found == state->events.created.end() ? nullptr : found->second.get();
}

}  // namespace

extern "C" {

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  return RunCall("cudaEventCreateWithFlags", Needs::kContext, [&](StateLock& state) {
    if (event == nullptr || (flags & ~(cudaEventBlockingSync | cudaEventDisableTiming | cudaEventInterprocess)) != 0) {
      return cudaErrorInvalidValue;
    }
    auto created = std::make_unique<Event>();
    created->device = CurrentDevice();
    created->flags = flags;
    *event = reinterpret_cast<cudaEvent_t>(created.get());
    state->events.created[*event] = std::move(created);
    state->records.event_flags.push_back(flags);
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return RunCall("cudaEventDestroy", Needs::kDevices, [&](StateLock& state) {
    const Event* found = Find(state, event);
    if (found == nullptr) return cudaErrorInvalidResourceHandle;
    const int device = found->device;
    state->events.created.erase(event);
    return state->devices[device].fault;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return RunCall("cudaEventRecord", Needs::kContext, [&](StateLock& state) {
    Event* found = Find(state, event);
    const std::shared_ptr<Stream> on = FindStream(state, stream);
    if (found == nullptr || on == nullptr || found->device != on->device) return cudaErrorInvalidResourceHandle;
    if (const cudaError_t fault = state->devices[on->device].fault; fault != cudaSuccess) return fault;
    if (const cudaError_t error = Enqueue(state, on, {.name = "cudaEventRecord"}); error != cudaSuccess) {
      return error;
    }
    found->capture = on->capture;
    found->point = on->capture == nullptr ? EndOf(on) : Point();
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return RunCall("cudaEventSynchronize", Needs::kContext, [&](StateLock& state) {
    Event* found = Find(state, event);
    if (found == nullptr) return cudaErrorInvalidResourceHandle;
    if (found->capture != nullptr) return RefuseCapturedEvent(state, *found);
    if (const cudaError_t error = CheckUnsafeCall(state); error != cudaSuccess) return error;
    const int device = found->device;
    // The event may be recorded anew or destroyed by another thread meanwhile.
    const Point point = found->point;
    WaitFor(state, point);
    return state->devices[device].fault;
  });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return RunCall("cudaEventQuery", Needs::kContext, [&](StateLock& state) {
    Event* found = Find(state, event);
    if (found == nullptr) return cudaErrorInvalidResourceHandle;
    if (found->capture != nullptr) return RefuseCapturedEvent(state, *found);
    if (const cudaError_t error = CheckUnsafeCall(state); error != cudaSuccess) return error;
    if (const cudaError_t fault = state->devices[found->device].fault; fault != cudaSuccess) return fault;
    MakeDue(state, found->point);
    return IsReached(found->point) ? cudaSuccess : cudaErrorNotReady;
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags) {
  return RunCall("cudaStreamWaitEvent", Needs::kContext, [&](StateLock& state) {
    const Event* found = Find(state, event);
    const std::shared_ptr<Stream> waiting = FindStream(state, stream);
    if (found == nullptr || waiting == nullptr) return cudaErrorInvalidResourceHandle;
    if (flags != cudaEventWaitDefault) return cudaErrorNotSupported;
    if (const cudaError_t fault = state->devices[waiting->device].fault; fault != cudaSuccess) return fault;
    if (const cudaError_t error = JoinCapture(state, *waiting, *found); error != cudaSuccess) return error;
    if (found->capture != nullptr || found->point.stream == nullptr) return cudaSuccess;
    return Enqueue(state, waiting, {.name = "cudaStreamWaitEvent", .after = {found->point}});
  });
}

}  // extern "C"

}  // namespace metaconv::fake_cudart
