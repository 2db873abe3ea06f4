// HostMemory: the memory of HostRuntime's devices, and pinned memory. Detects invalid accesses of work.
//
// Example:
//   char* data = memory.Allocate(size, stream, /*owned_after=*/0);
//   if (memory.Access(work, data, size, device, /*writes=*/true)) std::memset(data, 0, size);
//   EXPECT_THAT(memory.findings(), testing::IsEmpty());
//
// Thread safety: one thread at a time.
// Lifetime: frees all memory when it is destroyed.

#ifndef METACONV_TESTS_CUDA_HOST_MEMORY_H_
#define METACONV_TESTS_CUDA_HOST_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "c10/core/Device.h"
#include "tests/cuda/host_work.h"

namespace metaconv {

class HostMemory {
 private:
  // The alignment of cudaHostAlloc, which is larger than that of LibTorch's caching allocator.
  static constexpr std::size_t kAlignment = 4096;

  struct Deleter {
    void operator()(char* memory) const { ::operator delete(memory, std::align_val_t(kAlignment)); }
  };
  // An access that work has made.
  struct PastAccess {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    bool writes = false;
    Work work;
  };

 public:
  // The value of bytes that were not written.
  static constexpr unsigned char kUnwritten = 0xcd;

  struct Block {
    std::unique_ptr<char, Deleter> bytes;
    std::int64_t size = 0;
    c10::DeviceIndex device = 0;
    bool is_pinned = false;
    StreamKey owner;  // For device memory: the stream that it was allocated on.
    // The last work of that stream that its previous owner may have started.
    std::uint64_t owned_after = 0;
    int pending = 0;         // For pinned memory: the number of unfinished copies.
    int pending_writes = 0;  // The number of unfinished copies that write to it.
    std::vector<PastAccess> accesses;
    std::optional<Clock> freed;  // The work that was known to be finished when it was freed.
  };

  // Memory of the stream's device. `owned_after`: the number of pieces of work that were started on the stream before.
  char* Allocate(std::int64_t size, StreamKey owner, std::uint64_t owned_after);
  char* AllocatePinned(std::int64_t size);

  // The block that begins at `begin`, which must exist.
  Block& Get(const char* begin) { return blocks_.at(reinterpret_cast<std::uintptr_t>(begin)); }

  // The block that contains these bytes, or null.
  Block* Find(const char* bytes, std::int64_t size);

  // `known`: the work that is finished when the memory is reused. Other work that used the memory may have finished only
  // by chance. The block is kept, so that later accesses are detected.
  void Free(const char* begin, Clock known);

  // Must be called when no pending work can access freed memory any more.
  void RemoveFreed();

  // Allows work on `device` to access memory of `peer`.
  void AllowAccess(c10::DeviceIndex device, c10::DeviceIndex peer) { peers_.insert({device, peer}); }

  // Records that `work`, on `device`, accesses these bytes. Returns whether they exist.
  bool Access(const Work& work, const char* bytes, std::int64_t size, c10::DeviceIndex device, bool writes);

  // Adds to the findings, once for each text.
  void Report(const std::string& finding) { findings_.insert(finding); }
  std::vector<std::string> findings() const { return {findings_.begin(), findings_.end()}; }

 private:
  Block& New(std::int64_t size);
  void ReportFreed(const Block& block, const Work& work, bool writes);

  std::map<std::uintptr_t, Block> blocks_;  // By address.
  // Pairs of a device and a device whose memory it can access.
  std::set<std::pair<c10::DeviceIndex, c10::DeviceIndex>> peers_;
  std::set<std::string> findings_;
};

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_HOST_MEMORY_H_
