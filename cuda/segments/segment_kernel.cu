#include <algorithm>
#include <cstdint>

#include "cuda/segments/segment_kernel.h"

namespace metaconv {
namespace {

constexpr std::uint32_t kThreads = 256;
constexpr std::uint32_t kWarp = 32;

// Several blocks for each multiprocessor of the largest devices. With more blocks, the work of a block would take less
// time than starting it.
constexpr std::uint64_t kMaxBlocks = 2048;

// Adds the terms of a warp with one atomic operation. All threads of the warp must call it together.
struct AddWarp {
  __device__ void operator()(std::uint64_t* sum, std::uint64_t term) const {
    for (std::uint32_t distance = kWarp / 2; distance > 0; distance /= 2) {
      term += __shfl_down_sync(0xffffffffu, term, distance);
    }
    if (threadIdx.x % kWarp == 0) atomicAdd(reinterpret_cast<unsigned long long*>(sum), term);
  }
};

__device__ void RunTable(const SegmentTable& table) {
  RunSegments(table, {blockIdx.x, gridDim.x, threadIdx.x, blockDim.x}, AddWarp());
}

__global__ void __launch_bounds__(kThreads) SegmentKernel(const SegmentTable table) { RunTable(table); }

// A table whose segments follow it. All of it is one kernel argument.
template <std::uint64_t kCapacity>
struct ArgumentTable {
  SegmentTable table;
  Segment segments[kCapacity];
};

// The argument stays in constant memory: without __grid_constant__, each thread would copy it to index it.
template <std::uint64_t kCapacity>
__global__ void __launch_bounds__(kThreads) ArgumentKernel(const __grid_constant__ ArgumentTable<kCapacity> argument) {
  SegmentTable table = argument.table;
  table.segments = argument.segments;
  RunTable(table);
}

// Returns the error of the launch itself, unlike cudaGetLastError.
template <typename Argument>
cudaError_t Launch(void (*kernel)(Argument), const Argument& argument, std::uint64_t chunks, cudaStream_t stream) {
  cudaLaunchConfig_t config = {};
  config.gridDim = static_cast<std::uint32_t>(std::min(chunks, kMaxBlocks));
  config.blockDim = kThreads;
  config.stream = stream;
  void* arguments[] = {const_cast<Argument*>(&argument)};
  return cudaLaunchKernelExC(&config, reinterpret_cast<const void*>(kernel), arguments);
}

template <std::uint64_t kCapacity>
cudaError_t LaunchArgument(const SegmentTable& table, cudaStream_t stream) {
  ArgumentTable<kCapacity> argument;
  argument.table = table;
  std::copy_n(table.segments, table.size, argument.segments);
  return Launch(ArgumentKernel<kCapacity>, argument, table.chunks, stream);
}

static_assert(sizeof(ArgumentTable<kFewArgumentSegments>) <= 4096);
static_assert(sizeof(ArgumentTable<kMaxArgumentSegments>) <= 32764);

}  // namespace

cudaError_t LaunchSegments(const SegmentTable& table, cudaStream_t stream) {
  return table.chunks == 0 ? cudaSuccess : Launch(SegmentKernel, table, table.chunks, stream);
}

cudaError_t LaunchArgumentSegments(const SegmentTable& table, cudaStream_t stream) {
  if (table.chunks == 0) return cudaSuccess;
  if (table.size > kMaxArgumentSegments) return cudaErrorInvalidValue;
  return table.size <= kFewArgumentSegments ? LaunchArgument<kFewArgumentSegments>(table, stream)
                                            : LaunchArgument<kMaxArgumentSegments>(table, stream);
}

}  // namespace metaconv
