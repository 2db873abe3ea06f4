#include "tests/cuda/fake_cudart/streams.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "tests/cuda/fake_cudart/call.h"

namespace metaconv::fake_cudart {
namespace {

thread_local int running_device = -1;

// Waits until the stream's next piece of work can run. Returns false if there will be no more.
bool AwaitWork(StateLock& state, Stream& stream) {
  while (true) {
    if (stream.pending.empty()) {
      if (stream.is_destroyed) return false;
      state.Wait(stream.wake);
    } else if (stream.done >= stream.due) {
      state.Wait(stream.wake);
    } else if (state->devices[stream.device].fault != cudaSuccess) {
      return true;
    } else if (stream.is_blocked) {
      state.Wait(stream.wake);
    } else {
      const std::vector<Point>& after = stream.pending.front().after;
      if (std::all_of(after.begin(), after.end(), IsReached)) return true;
      for (const Point& point : after) MakeDue(state, point);
      state.Wait(state->progress);
    }
  }
}

// Runs the stream's work until the stream is destroyed.
void RunStream(const std::shared_ptr<Stream>& stream) {
  StateLock state;
  running_device = stream->device;
  while (AwaitWork(state, *stream)) {
    const Work work = std::move(stream->pending.front());
    stream->pending.pop_front();
    // A device that has failed runs nothing more.
    if (state->devices[stream->device].fault == cudaSuccess) {
      cudaError_t error = ErrorOfWork(state, work.name);
      if (error == cudaSuccess && work.run != nullptr) {
        state.Unlock();
        error = work.run();
        state.Lock();
      }
      if (error != cudaSuccess) Fail(state, stream->device, error);
    }
    ++stream->done;
    ++state->records.finished_work;
    state->progress.notify_all();
  }
  --state->streams.threads;
  state->progress.notify_all();
}

// Whether the next piece of work runs early.
bool RunsEarly(StateLock& state) {
  if (state->options.seed == 0) return false;
  std::uint64_t& random = state->streams.random;
  random = random * 6364136223846793005 + 1442695040888963407 + state->options.seed;
  return (random >> 62) == 0;
}

bool IsBlocking(const Stream& stream) { return (stream.flags & cudaStreamNonBlocking) == 0; }

// Calls `use` for each stream of the device.
template <typename Use>
void ForEachStream(StateLock& state, int device, Use use) {
  if (const auto found = state->streams.defaults.find(device); found != state->streams.defaults.end()) {
    use(found->second);
  }
  for (const auto& [handle, stream] : state->streams.created) {
    if (stream->device == device) use(stream);
  }
}

// The default stream waits for the blocking streams of its device, and they wait for it.
std::vector<Point> ImplicitlyBefore(StateLock& state, const Stream& stream) {
  std::vector<Point> before;
  if (!IsBlocking(stream)) return before;
  ForEachStream(state, stream.device, [&](const std::shared_ptr<Stream>& other) {
    if (other.get() == &stream || !IsBlocking(*other) || other->is_default == stream.is_default) return;
    before.push_back(EndOf(other));
  });
  return before;
}

void Notify(Stream& stream, StateLock& state) {
  stream.wake.notify_all();
  state->progress.notify_all();
}

cudaError_t Create(StateLock& state, cudaStream_t* into, unsigned int flags, int priority) {
  if (into == nullptr || (flags & ~static_cast<unsigned int>(cudaStreamNonBlocking)) != 0) return cudaErrorInvalidValue;
  auto stream = std::make_shared<Stream>();
  stream->device = CurrentDevice();
  stream->flags = flags;
  stream->priority = priority;
  *into = reinterpret_cast<cudaStream_t>(stream.get());
  state->streams.created[*into] = std::move(stream);
  return cudaSuccess;
}

}  // namespace

std::shared_ptr<Stream> FindStream(StateLock& state, cudaStream_t stream) {
  if (stream == nullptr || stream == cudaStreamLegacy) {
    std::shared_ptr<Stream>& found = state->streams.defaults[CurrentDevice()];
    if (found == nullptr) {
      found = std::make_shared<Stream>();
      found->device = CurrentDevice();
      found->is_default = true;
    }
    return found;
  }
  const auto found = state->streams.created.find(stream);
  return found == state->streams.created.end() ? nullptr : found->second;
}

cudaError_t Enqueue(StateLock& state, const std::shared_ptr<Stream>& stream, Work work) {
  if (stream == nullptr) return cudaErrorInvalidResourceHandle;
  if (stream->capture != nullptr) return CaptureWork(state, *stream, work);
  if (const cudaError_t error = CheckImplicitUse(state, *stream); error != cudaSuccess) return error;
  for (Point& point : ImplicitlyBefore(state, *stream)) work.after.push_back(std::move(point));
  stream->pending.push_back(std::move(work));
  ++stream->started;
  ++state->records.started_work;
  if (!stream->has_thread) {
    stream->has_thread = true;
    ++state->streams.threads;
    std::thread(RunStream, stream).detach();
  }
  if (RunsEarly(state)) MakeDue(state, EndOf(stream));
  return cudaSuccess;
}

bool IsReached(const Point& point) { return point.stream == nullptr || point.stream->done >= point.number; }

void MakeDue(StateLock& state, const Point& point) {
  if (point.stream == nullptr || point.stream->due >= point.number) return;
  point.stream->due = point.number;
  Notify(*point.stream, state);
}

void WaitFor(StateLock& state, const Point& point) {
  MakeDue(state, point);
  while (!IsReached(point)) state.Wait(state->progress);
}

Point EndOf(const std::shared_ptr<Stream>& stream) { return {stream, stream->started}; }

void WaitForDevice(StateLock& state, int device) {
  std::vector<Point> points;
  ForEachStream(state, device, [&](const std::shared_ptr<Stream>& stream) { points.push_back(EndOf(stream)); });
  for (const Point& point : points) MakeDue(state, point);
  for (const Point& point : points) WaitFor(state, point);
}

void SetBlocked(StateLock& state, Stream& stream, bool is_blocked) {
  stream.is_blocked = is_blocked;
  Notify(stream, state);
}

void WakeStreams(StateLock& state, int device) {
  ForEachStream(state, device, [&](const std::shared_ptr<Stream>& stream) { Notify(*stream, state); });
}

void EndStreams(StateLock& state) {
  std::vector<std::shared_ptr<Stream>> all;
  for (const auto& [device, stream] : state->streams.defaults) all.push_back(stream);
  for (const auto& [handle, stream] : state->streams.created) all.push_back(stream);
  for (const std::shared_ptr<Stream>& stream : all) {
    stream->is_blocked = false;
    stream->is_destroyed = true;
    stream->due = stream->started;
    Notify(*stream, state);
  }
  while (state->streams.threads > 0) state.Wait(state->progress);
}

int RunningDevice() { return running_device; }

extern "C" {

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned int flags, int priority) {
  return RunCall("cudaStreamCreateWithPriority", Needs::kContext,
                 [&](StateLock& state) { return Create(state, stream, flags, priority); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int flags) {
  return RunCall("cudaStreamCreateWithFlags", Needs::kContext,
                 [&](StateLock& state) { return Create(state, stream, flags, 0); });
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return RunCall("cudaStreamCreate", Needs::kContext,
                 [&](StateLock& state) { return Create(state, stream, cudaStreamDefault, 0); });
}

// Returns at once. The stream's work is still done, also if the stream was blocked.
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return RunCall("cudaStreamDestroy", Needs::kDevices, [&](StateLock& state) {
    const auto found = state->streams.created.find(stream);
    if (found == state->streams.created.end()) return cudaErrorInvalidResourceHandle;
    const std::shared_ptr<Stream> destroyed = found->second;
    state->streams.created.erase(found);
    if (destroyed->capture != nullptr) destroyed->capture->is_valid = false;
    destroyed->is_blocked = false;
    destroyed->is_destroyed = true;
    destroyed->due = destroyed->started;
    Notify(*destroyed, state);
    return state->devices[destroyed->device].fault;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return RunCall("cudaStreamSynchronize", Needs::kContext, [&](StateLock& state) {
    const std::shared_ptr<Stream> found = FindStream(state, stream);
    if (found == nullptr) return cudaErrorInvalidResourceHandle;
    if (const cudaError_t error = CheckWait(state, *found); error != cudaSuccess) return error;
    WaitFor(state, EndOf(found));
    return state->devices[found->device].fault;
  });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return RunCall("cudaStreamQuery", Needs::kContext, [&](StateLock& state) {
    const std::shared_ptr<Stream> found = FindStream(state, stream);
    if (found == nullptr) return cudaErrorInvalidResourceHandle;
    if (const cudaError_t error = CheckWait(state, *found); error != cudaSuccess) return error;
    MakeDue(state, EndOf(found));
    if (const cudaError_t fault = state->devices[found->device].fault; fault != cudaSuccess) return fault;
    return IsReached(EndOf(found)) ? cudaSuccess : cudaErrorNotReady;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return RunCall("cudaDeviceSynchronize", Needs::kContext, [&](StateLock& state) {
    if (const cudaError_t error = CheckUnsafeCall(state); error != cudaSuccess) return error;
    const int device = CurrentDevice();
    WaitForDevice(state, device);
    return state->devices[device].fault;
  });
}

cudaError_t cudaStreamGetPriority(cudaStream_t stream, int* priority) {
  return RunCall("cudaStreamGetPriority", Needs::kContext, [&](StateLock& state) {
    const std::shared_ptr<Stream> found = FindStream(state, stream);
    if (found == nullptr) return cudaErrorInvalidResourceHandle;
    *priority = found->priority;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned int* flags) {
  return RunCall("cudaStreamGetFlags", Needs::kContext, [&](StateLock& state) {
    const std::shared_ptr<Stream> found = FindStream(state, stream);
    if (found == nullptr) return cudaErrorInvalidResourceHandle;
    *flags = found->flags;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* device) {
  return RunCall("cudaStreamGetDevice", Needs::kContext, [&](StateLock& state) {
    const std::shared_ptr<Stream> found = FindStream(state, stream);
    if (found == nullptr) return cudaErrorInvalidResourceHandle;
    *device = found->device;
    return cudaSuccess;
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* argument) {
  return RunCall("cudaLaunchHostFunc", Needs::kContext, [&](StateLock& state) {
    if (function == nullptr) return cudaErrorInvalidValue;
    return Enqueue(state, FindStream(state, stream), {.name = "cudaLaunchHostFunc", .run = [=] {
                                                        function(argument);
                                                        return cudaSuccess;
                                                      }});
  });
}

}  // extern "C"

}  // namespace metaconv::fake_cudart
