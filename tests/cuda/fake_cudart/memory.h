// Memory: the memory of the devices, and the pinned memory of the host. All of it is in host memory.
//
// Thread safety: guarded by the StateLock.
// Lifetime: work that uses a block holds it, so that a block freed too early does not crash the process.

#ifndef METACONV_TESTS_CUDA_FAKE_CUDART_MEMORY_H_
#define METACONV_TESTS_CUDA_FAKE_CUDART_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "driver_types.h"

namespace metaconv::fake_cudart {

class StateLock;

enum class MemoryKind { kDevice, kPinned, kRegistered };

struct Block {
  std::shared_ptr<char> data;  // Does not own registered memory.
  std::size_t size = 0;
  MemoryKind kind = MemoryKind::kDevice;
  int device = 0;  // Where it is, or the device that was current when it was pinned.
};

struct Memory {
  std::map<std::uintptr_t, Block> blocks;  // By their first byte.
  std::size_t used_pinned = 0;
};

// The block that contains all of these bytes, or null. It is valid until the lock is released.
const Block* FindBlock(StateLock& state, const void* data, std::size_t size);

// The owner of these bytes if work of `device` may access them, else null. Registered memory has no owner; the result
// is then not null, and owns nothing.
std::shared_ptr<char> Access(StateLock& state, int device, const void* data, std::size_t size);

}  // namespace metaconv::fake_cudart

#endif  // METACONV_TESTS_CUDA_FAKE_CUDART_MEMORY_H_
