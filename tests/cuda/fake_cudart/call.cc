#include "tests/cuda/fake_cudart/call.h"

#include <unistd.h>

#include <atomic>

namespace metaconv::fake_cudart {
namespace {

// The process that has used the driver, or 0.
std::atomic<pid_t> user_of_driver = 0;

}  // namespace

bool IsForkedChild() {
  const pid_t user = user_of_driver.load();
  return user != 0 && user != getpid();
}

void ForgetDriver() { user_of_driver = 0; }

cudaError_t BeginCall(StateLock& state, const char* name, Needs needs) {
  if (const cudaError_t error = RecordCall(state, name); error != cudaSuccess) return error;
  if (needs == Needs::kNothing) return cudaSuccess;
  if (state->options.driver_error != cudaSuccess) return state->options.driver_error;
  user_of_driver = getpid();
  if (needs == Needs::kDriver) return cudaSuccess;
  if (state->options.devices == 0) return cudaErrorNoDevice;
  return needs == Needs::kContext ? UseContext(state, CurrentDevice()) : cudaSuccess;
}

}  // namespace metaconv::fake_cudart
