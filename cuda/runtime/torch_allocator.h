// TorchAllocator: LibTorch's allocator for CUDA devices, initialized.
//
// Example:
//   absl::StatusOr<c10::cuda::CUDACachingAllocator::CUDAAllocator*> allocator = TorchAllocator();
//   if (!allocator.ok()) return allocator.status();
//   return (*allocator)->allocate(size);
//
// Thread safety: Thread-safe.
// Lifetime: the allocator lives until the process ends.

#ifndef METACONV_CUDA_RUNTIME_TORCH_ALLOCATOR_H_
#define METACONV_CUDA_RUNTIME_TORCH_ALLOCATOR_H_

#include "absl/status/statusor.h"
#include "c10/cuda/CUDACachingAllocator.h"

namespace metaconv {

// An allocator that other code has initialized is left as it is. An initialization that fails leaves the allocator with
// parts that do not exist, and LibTorch would then take it for initialized; therefore it is tried once, and its error
// is returned from then on. Must be called by a function that CallOnDevice calls.
absl::StatusOr<c10::cuda::CUDACachingAllocator::CUDAAllocator*> TorchAllocator();

}  // namespace metaconv

#endif  // METACONV_CUDA_RUNTIME_TORCH_ALLOCATOR_H_
