// Devices: their contexts, their faults, and whose memory they may access.
//
// Thread safety: guarded by the StateLock. Each thread has its own current device.
// Lifetime: that of the state.

#ifndef METACONV_TESTS_CUDA_FAKE_CUDART_DEVICES_H_
#define METACONV_TESTS_CUDA_FAKE_CUDART_DEVICES_H_

#include <cstddef>
#include <map>
#include <set>

#include "driver_types.h"

namespace metaconv::fake_cudart {

class StateLock;

struct Device {
  bool has_context = false;
  cudaError_t fault = cudaSuccess;  // Returned by each call from then on.
  std::set<int> peers;              // The devices whose memory it may access.
  std::size_t used_memory = 0;
};

using Devices = std::map<int, Device>;

bool Exists(StateLock& state, int device);

// The calling thread's current device.
int CurrentDevice();
void SetCurrentDevice(int device);

// Creates the device's context if there is none. Errors: also those of the device.
cudaError_t UseContext(StateLock& state, int device);

// Lets the device fail for good: it runs no more work, and returns `error` from each call.
void Fail(StateLock& state, int device, cudaError_t error);

}  // namespace metaconv::fake_cudart

#endif  // METACONV_TESTS_CUDA_FAKE_CUDART_DEVICES_H_
