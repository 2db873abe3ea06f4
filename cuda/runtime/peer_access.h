// PeerAccess: lets devices access each other's memory.
//
// Example:
//   absl::StatusOr<bool> can = peers.Enable(device, peer);   // Work on `device` can access memory of `peer`.
//
// Thread safety: Thread-safe.
// Lifetime: access stays enabled until the process ends.

#ifndef METACONV_CUDA_RUNTIME_PEER_ACCESS_H_
#define METACONV_CUDA_RUNTIME_PEER_ACCESS_H_

#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "c10/core/Device.h"
#include "meta/mutex.h"

namespace metaconv {

class PeerAccess {
 public:
  PeerAccess() = default;
  PeerAccess(const PeerAccess&) = delete;
  PeerAccess& operator=(const PeerAccess&) = delete;

  // False if the machine cannot do that, or if `device` already accesses as many peers as it can. Must be called by a
  // function that CallOnDevice calls for `device`.
  absl::StatusOr<bool> Enable(c10::Device device, c10::Device peer) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Mutex mutex_;
  std::map<std::pair<c10::DeviceIndex, c10::DeviceIndex>, bool> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace metaconv

#endif  // METACONV_CUDA_RUNTIME_PEER_ACCESS_H_
