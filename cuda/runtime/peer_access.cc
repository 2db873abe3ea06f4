#include "cuda/runtime/peer_access.h"

#include <optional>

#include "absl/status/status.h"
#include "cuda/runtime/cuda_error.h"
#include "cuda/runtime/torch_allocator.h"
#include "cuda_runtime_api.h"
#include "meta/torch_status.h"

namespace metaconv {
namespace {

absl::StatusOr<bool> TryToEnable(c10::Device device, c10::Device peer) {
  int can_access = 0;
  const cudaError_t error = cudaDeviceCanAccessPeer(&can_access, device.index(), peer.index());
  if (error != cudaSuccess) return CudaStatus(error);
  if (can_access == 0) return false;
  const absl::StatusOr<c10::cuda::CUDACachingAllocator::CUDAAllocator*> allocator = TorchAllocator();
  if (!allocator.ok()) return allocator.status();
  // The allocator also enables access to memory that it maps itself, now and later.
  absl::Status status = CatchTorch("LibTorch", [&] { (*allocator)->enablePeerAccess(device.index(), peer.index()); });
  if (status.ok()) return true;
  const std::optional<cudaError_t> cause = CudaErrorOf(status);
  if (cause == cudaErrorTooManyPeers || cause == cudaErrorPeerAccessUnsupported) return false;
  return status;
}

}  // namespace

// Note [Peers without LibTorch's table]
// c10::cuda::get_p2p_access does the same, but its table has no lock, and libtorch_cuda creates it anew when it starts.
absl::StatusOr<bool> PeerAccess::Enable(c10::Device device, c10::Device peer) {
  if (device == peer) return true;
  const std::pair key(device.index(), peer.index());
  {
    const MutexLock lock(mutex_);
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
  }
  // Two threads may do this at the same time: access that is enabled already is not an error.
  const absl::StatusOr<bool> result = TryToEnable(device, peer);
  if (!result.ok()) return result;
  const MutexLock lock(mutex_);
  return known_.emplace(key, *result).first->second;
}

}  // namespace metaconv
