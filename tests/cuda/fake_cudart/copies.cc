// cudaMemcpy, cudaMemset and their variants.

#include <cstring>
#include <utility>

#include "tests/cuda/fake_cudart/call.h"

namespace metaconv::fake_cudart {
namespace {

// A copy that runs on a stream of `device`. The addresses are checked when it runs, as by a device.
Work CopyWork(const char* name, void* into, int into_device, const void* from, int from_device, std::size_t size) {
  return {.name = name, .run = [=] {
            std::shared_ptr<char> into_owner, from_owner;
            {
              StateLock state;
              into_owner = Access(state, into_device, into, size);
              from_owner = Access(state, from_device, from, size);
            }
            if (into_owner == nullptr || from_owner == nullptr) return cudaErrorIllegalAddress;
            std::memmove(into, from, size);
            return cudaSuccess;
          }};
}

Work FillWork(const char* name, void* into, int value, std::size_t size, int device) {
  return {.name = name, .run = [=] {
            std::shared_ptr<char> owner;
            {
              StateLock state;
              owner = Access(state, device, into, size);
            }
            if (owner == nullptr) return cudaErrorIllegalAddress;
            std::memset(into, value, size);
            return cudaSuccess;
          }};
}

// Whether the direction can be that of these addresses. An unknown address may be any host memory.
bool Fits(StateLock& state, const void* into, const void* from, cudaMemcpyKind kind) {
  const auto is_on_device = [&](const void* data) {
    const Block* block = FindBlock(state, data, 0);
    return block != nullptr && block->kind == MemoryKind::kDevice;
  };
  switch (kind) {
    case cudaMemcpyHostToHost:
      return !is_on_device(into) && !is_on_device(from);
    case cudaMemcpyHostToDevice:
      return !is_on_device(from);
    case cudaMemcpyDeviceToHost:
      return !is_on_device(into);
    default:
      return true;
  }
}

// As a copy of pageable memory, which the host makes: waits for the default stream, and reads or writes host memory
// that is not pinned.
cudaError_t CopyNow(StateLock& state, void* into, const void* from, std::size_t size) {
  const std::shared_ptr<Stream> stream = FindStream(state, nullptr);
  const int device = stream->device;
  const auto run = [=] {
    std::shared_ptr<char> into_owner, from_owner;
    {
      StateLock checked;
      into_owner = Access(checked, device, into, size);
      from_owner = Access(checked, device, from, size);
      const auto is_foreign = [&](const void* data, const std::shared_ptr<char>& owner) {
        return owner == nullptr && FindBlock(checked, data, 0) != nullptr;
      };
      if (is_foreign(into, into_owner) || is_foreign(from, from_owner)) return cudaErrorIllegalAddress;
    }
    std::memmove(into, from, size);
    return cudaSuccess;
  };
  if (const cudaError_t error = Enqueue(state, stream, {.name = "cudaMemcpy", .run = run}); error != cudaSuccess) {
    return error;
  }
  WaitFor(state, EndOf(stream));
  return state->devices[device].fault;
}

}  // namespace

extern "C" {

cudaError_t cudaMemcpyAsync(void* into, const void* from, std::size_t size, cudaMemcpyKind kind, cudaStream_t stream) {
  return RunCall("cudaMemcpyAsync", Needs::kContext, [&](StateLock& state) {
    const std::shared_ptr<Stream> on = FindStream(state, stream);
    if (on == nullptr) return cudaErrorInvalidResourceHandle;
    if (const cudaError_t fault = state->devices[on->device].fault; fault != cudaSuccess) return fault;
    if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
    if (!Fits(state, into, from, kind)) return cudaErrorInvalidValue;
    if (size == 0) return cudaSuccess;
    return Enqueue(state, on, CopyWork("cudaMemcpyAsync", into, on->device, from, on->device, size));
  });
}

cudaError_t cudaMemcpyPeerAsync(void* into, int into_device, const void* from, int from_device, std::size_t size,
                                cudaStream_t stream) {
  return RunCall("cudaMemcpyPeerAsync", Needs::kContext, [&](StateLock& state) {
    if (!Exists(state, into_device) || !Exists(state, from_device)) return cudaErrorInvalidDevice;
    const std::shared_ptr<Stream> on = FindStream(state, stream);
    if (on == nullptr) return cudaErrorInvalidResourceHandle;
    for (const int device : {into_device, from_device, on->device}) {
      if (const cudaError_t error = UseContext(state, device); error != cudaSuccess) return error;
    }
    if (size == 0) return cudaSuccess;
    return Enqueue(state, on, CopyWork("cudaMemcpyPeerAsync", into, into_device, from, from_device, size));
  });
}

cudaError_t cudaMemcpy(void* into, const void* from, std::size_t size, cudaMemcpyKind kind) {
  return RunCall("cudaMemcpy", Needs::kContext, [&](StateLock& state) {
    if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
    if (!Fits(state, into, from, kind)) return cudaErrorInvalidValue;
    if (const cudaError_t error = CheckUnsafeCall(state); error != cudaSuccess) return error;
    return size == 0 ? cudaSuccess : CopyNow(state, into, from, size);
  });
}

cudaError_t cudaMemsetAsync(void* into, int value, std::size_t size, cudaStream_t stream) {
  return RunCall("cudaMemsetAsync", Needs::kContext, [&](StateLock& state) {
    const std::shared_ptr<Stream> on = FindStream(state, stream);
    if (on == nullptr) return cudaErrorInvalidResourceHandle;
    if (const cudaError_t fault = state->devices[on->device].fault; fault != cudaSuccess) return fault;
    if (size == 0) return cudaSuccess;
    return Enqueue(state, on, FillWork("cudaMemsetAsync", into, value, size, on->device));
  });
}

cudaError_t cudaMemset(void* into, int value, std::size_t size) {
  return RunCall("cudaMemset", Needs::kContext, [&](StateLock& state) {
    if (const cudaError_t error = CheckUnsafeCall(state); error != cudaSuccess) return error;
    const std::shared_ptr<Stream> on = FindStream(state, nullptr);
    return size == 0 ? cudaSuccess : Enqueue(state, on, FillWork("cudaMemset", into, value, size, on->device));
  });
}

}  // extern "C"

}  // namespace metaconv::fake_cudart
