// RunCall: the frame of each function of the runtime: it counts the call, returns injected errors, and checks the driver
// and the device.
//
// Example:
//   cudaError_t cudaMalloc(void** memory, std::size_t size) {
//     return RunCall("cudaMalloc", Needs::kContext, [&](StateLock& state) { return ...; });
//   }
//
// Thread safety: Thread-safe.
// Lifetime: retains nothing.

#ifndef METACONV_TESTS_CUDA_FAKE_CUDART_CALL_H_
#define METACONV_TESTS_CUDA_FAKE_CUDART_CALL_H_

#include "tests/cuda/fake_cudart/errors.h"
#include "tests/cuda/fake_cudart/state.h"

namespace metaconv::fake_cudart {

enum class Needs {
  kNothing,
  kDriver,
  kDevices,  // The driver, and at least one device.
  kContext,  // The context of the current device, which is created, and which must not have failed.
};

// Whether the process is a child that was forked after its parent had used the driver. Its calls must not take the
// lock, which another thread of the parent may have held.
bool IsForkedChild();

// Forgets that the driver was used.
void ForgetDriver();

// The error with which the call returns at once, or cudaSuccess.
cudaError_t BeginCall(StateLock& state, const char* name, Needs needs);

template <typename Body>
cudaError_t RunCall(const char* name, Needs needs, Body body) {
  if (IsForkedChild()) return Pending(cudaErrorInitializationError);
  StateLock state;
  cudaError_t error = BeginCall(state, name, needs);
  if (error == cudaSuccess) error = body(state);
  return Pending(error);
}

}  // namespace metaconv::fake_cudart

#endif  // METACONV_TESTS_CUDA_FAKE_CUDART_CALL_H_
