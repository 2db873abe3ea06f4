#include "tests/cuda/fake_cudart/state.h"

#include <cstdlib>
#include <string>

#include "tests/cuda/fake_cudart/errors.h"

namespace metaconv::fake_cudart {
namespace {

std::mutex& TheMutex() {
  static std::mutex& mutex = *new std::mutex();
  return mutex;
}

State& TheState() {
  static State& state = *[] {
    State* made = new State();
    made->options = InitialOptions();
    return made;
  }();
  return state;
}

}  // namespace

StateLock::StateLock() : lock_(TheMutex()) {}

State* StateLock::operator->() const { return &TheState(); }

FakeCudart::Options InitialOptions() {
  FakeCudart::Options options;
  if (const char* devices = std::getenv("FAKE_CUDART_DEVICES")) options.devices = std::atoi(devices);
  if (const char* name = std::getenv("FAKE_CUDART_DRIVER_ERROR")) {
    options.driver_error = ErrorOfName(name);
    // CUDA reports a missing driver as one that is too old.
    if (options.driver_error == cudaErrorInsufficientDriver) options.driver_version = 0;
  }
  if (const char* name = std::getenv("FAKE_CUDART_CONTEXT_ERROR")) options.context_error = ErrorOfName(name);
  return options;
}

}  // namespace metaconv::fake_cudart
