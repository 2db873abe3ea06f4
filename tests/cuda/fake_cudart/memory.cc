#include "tests/cuda/fake_cudart/memory.h"

#include <cstring>
#include <new>

#include "tests/cuda/fake_cudart/call.h"

namespace metaconv::fake_cudart {
namespace {

// As the alignment of cudaMalloc.
constexpr std::align_val_t kAlignment{256};

// Written to new memory, so that work that reads uninitialized memory does not find zeros by chance.
constexpr int kUninitialized = 0xa5;

std::shared_ptr<char> AllocateOnHost(std::size_t size) {
  char* data = static_cast<char*>(::operator new(size, kAlignment, std::nothrow));
  if (data == nullptr) return nullptr;
  std::memset(data, kUninitialized, size);
  return std::shared_ptr<char>(data, [](char* freed) { ::operator delete(freed, kAlignment); });
}

std::uintptr_t Address(const void* data) { return reinterpret_cast<std::uintptr_t>(data); }

// Adds a block of new memory. `used` counts the bytes, up to `limit`.
cudaError_t Add(StateLock& state, void** into, std::size_t size, MemoryKind kind, std::size_t* used,
                std::size_t limit) {
  if (into == nullptr) return cudaErrorInvalidValue;
  *into = nullptr;
  if (size == 0) return cudaSuccess;
  if (size > limit - *used) return cudaErrorMemoryAllocation;
  std::shared_ptr<char> data = AllocateOnHost(size);
  if (data == nullptr) return cudaErrorMemoryAllocation;
  *into = data.get();
  *used += size;
  state->memory.blocks[Address(*into)] = {std::move(data), size, kind, CurrentDevice()};
  return cudaSuccess;
}

// Removes the block of this kind that starts at `data`.
bool Remove(StateLock& state, const void* data, MemoryKind kind) {
  const auto found = state->memory.blocks.find(Address(data));
  if (found == state->memory.blocks.end() || found->second.kind != kind) return false;
  const Block& block = found->second;
  if (kind == MemoryKind::kDevice) state->devices[block.device].used_memory -= block.size;
  if (kind == MemoryKind::kPinned) state->memory.used_pinned -= block.size;
  state->memory.blocks.erase(found);
  return true;
}

// Waits for the work of all devices, as CUDA does before it unmaps memory.
void WaitForAllDevices(StateLock& state) {
  for (int device = 0; device < state->options.devices; ++device) WaitForDevice(state, device);
}

}  // namespace

const Block* FindBlock(StateLock& state, const void* data, std::size_t size) {
  const std::map<std::uintptr_t, Block>& blocks = state->memory.blocks;
  auto after = blocks.upper_bound(Address(data));
  if (after == blocks.begin()) return nullptr;
  const auto& [begin, block] = *--after;
  const std::uintptr_t offset = Address(data) - begin;
  return offset < block.size && size <= block.size - offset ? &block : nullptr;
}

std::shared_ptr<char> Access(StateLock& state, int device, const void* data, std::size_t size) {
  const Block* block = FindBlock(state, data, size);
  if (block == nullptr) return nullptr;
  if (block->kind == MemoryKind::kDevice && block->device != device &&
      !state->devices[device].peers.count(block->device)) {
    return nullptr;
  }
  return block->data;
}

extern "C" {

cudaError_t cudaMalloc(void** memory, std::size_t size) {
  return RunCall("cudaMalloc", Needs::kContext, [&](StateLock& state) {
    if (const cudaError_t error = CheckUnsafeCall(state); error != cudaSuccess) return error;
    return Add(state, memory, size, MemoryKind::kDevice, &state->devices[CurrentDevice()].used_memory,
               state->options.memory_per_device);
  });
}

cudaError_t cudaFree(void* memory) {
  return RunCall("cudaFree", Needs::kDevices, [&](StateLock& state) {
    if (memory == nullptr) return UseContext(state, CurrentDevice());
    if (const cudaError_t error = CheckUnsafeCall(state); error != cudaSuccess) return error;
    const Block* block = FindBlock(state, memory, 0);
    if (block == nullptr) return cudaErrorInvalidValue;
    const int device = block->device;
    WaitForDevice(state, device);
    if (!Remove(state, memory, MemoryKind::kDevice)) return cudaErrorInvalidValue;
    return state->devices[device].fault;
  });
}

cudaError_t cudaHostAlloc(void** memory, std::size_t size, unsigned int flags) {
  return RunCall("cudaHostAlloc", Needs::kContext, [&](StateLock& state) {
    if ((flags & ~(cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined)) != 0) {
      return cudaErrorInvalidValue;
    }
    if (const cudaError_t error = CheckUnsafeCall(state); error != cudaSuccess) return error;
    return Add(state, memory, size, MemoryKind::kPinned, &state->memory.used_pinned, state->options.pinned_memory);
  });
}

cudaError_t cudaMallocHost(void** memory, std::size_t size) {
  return cudaHostAlloc(memory, size, cudaHostAllocDefault);
}

cudaError_t cudaFreeHost(void* memory) {
  return RunCall("cudaFreeHost", Needs::kDevices, [&](StateLock& state) {
    if (memory == nullptr) return cudaSuccess;
    if (const cudaError_t error = CheckUnsafeCall(state); error != cudaSuccess) return error;
    WaitForAllDevices(state);
    if (!Remove(state, memory, MemoryKind::kPinned)) return cudaErrorInvalidValue;
    return state->devices[CurrentDevice()].fault;
  });
}

cudaError_t cudaHostRegister(void* memory, std::size_t size, unsigned int) {
  return RunCall("cudaHostRegister", Needs::kContext, [&](StateLock& state) {
    if (memory == nullptr || size == 0) return cudaErrorInvalidValue;
    if (const cudaError_t error = CheckUnsafeCall(state); error != cudaSuccess) return error;
    std::map<std::uintptr_t, Block>& blocks = state->memory.blocks;
    const auto next = blocks.lower_bound(Address(memory));
    if (FindBlock(state, memory, 0) != nullptr || (next != blocks.end() && next->first < Address(memory) + size)) {
      return cudaErrorHostMemoryAlreadyRegistered;
    }
    std::shared_ptr<char> not_owned(static_cast<char*>(memory), [](char*) {});
    blocks[Address(memory)] = {std::move(not_owned), size, MemoryKind::kRegistered, CurrentDevice()};
    return cudaSuccess;
  });
}

cudaError_t cudaHostUnregister(void* memory) {
  return RunCall("cudaHostUnregister", Needs::kDevices, [&](StateLock& state) {
    if (const cudaError_t error = CheckUnsafeCall(state); error != cudaSuccess) return error;
    WaitForAllDevices(state);
    if (!Remove(state, memory, MemoryKind::kRegistered)) return cudaErrorHostMemoryNotRegistered;
    return state->devices[CurrentDevice()].fault;
  });
}

cudaError_t cudaHostGetDevicePointer(void** on_device, void* memory, unsigned int flags) {
  return RunCall("cudaHostGetDevicePointer", Needs::kContext, [&](StateLock& state) {
    const Block* block = FindBlock(state, memory, 0);
    if (flags != 0 || block == nullptr || block->kind == MemoryKind::kDevice) return cudaErrorInvalidValue;
    *on_device = memory;
    return cudaSuccess;
  });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* data) {
  return RunCall("cudaPointerGetAttributes", Needs::kContext, [&](StateLock& state) {
    *attributes = cudaPointerAttributes{};
    const Block* block = FindBlock(state, data, 0);
    if (block == nullptr) {
      attributes->type = cudaMemoryTypeUnregistered;
      attributes->device = cudaInvalidDeviceId;
      attributes->hostPointer = const_cast<void*>(data);
      return cudaSuccess;
    }
    attributes->device = block->device;
    attributes->devicePointer = const_cast<void*>(data);
    if (block->kind == MemoryKind::kDevice) {
      attributes->type = cudaMemoryTypeDevice;
    } else {
      attributes->type = cudaMemoryTypeHost;
      attributes->hostPointer = const_cast<void*>(data);
    }
    return cudaSuccess;
  });
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return RunCall("cudaMemGetInfo", Needs::kContext, [&](StateLock& state) {
    *total = state->options.memory_per_device;
    *free = *total - state->devices[CurrentDevice()].used_memory;
    return cudaSuccess;
  });
}

}  // extern "C"

}  // namespace metaconv::fake_cudart
