// RuntimeCalls: each call of CudaRuntime that uses a device, for tests that check something about all of them.
//
// Example:
//   for (const RuntimeCall& call : RuntimeCalls(device)) EXPECT_THAT(call.run(), IsOk()) << call.function;
//
// Thread safety: one thread at a time.
// Lifetime: the calls own their memory, streams and events.

#ifndef METACONV_TESTS_CUDA_RUNTIME_RUNTIME_CALLS_H_
#define METACONV_TESTS_CUDA_RUNTIME_RUNTIME_CALLS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "c10/core/Device.h"

namespace metaconv {

struct RuntimeCall {
  std::string function;  // Of the CUDA runtime: the one that does the work.
  std::function<absl::Status()> run;
};

// The calls of TheCudaRuntime() for `device`. Uses the device once to allocate what they need.
std::vector<RuntimeCall> RuntimeCalls(c10::Device device);

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_RUNTIME_RUNTIME_CALLS_H_
