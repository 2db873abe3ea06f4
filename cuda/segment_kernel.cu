#include <algorithm>
#include <cstdint>

#include "cuda/segment_kernel.h"
#include "cuda_runtime.h"

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

__global__ void __launch_bounds__(kThreads) SegmentKernel(const SegmentTable table) {
  RunSegments(table, {blockIdx.x, gridDim.x, threadIdx.x, blockDim.x}, AddWarp());
}

}  // namespace

cudaError_t LaunchSegments(const SegmentTable& table, cudaStream_t stream) {
  if (table.chunks == 0) return cudaSuccess;
  const auto blocks = static_cast<std::uint32_t>(std::min(table.chunks, kMaxBlocks));
  SegmentKernel<<<blocks, kThreads, 0, stream>>>(table);
  return cudaGetLastError();
}

}  // namespace metaconv
