// RequireGpu: what a test of real GPUs does on a machine that has too few: it is skipped, or it fails where the
// environment promises a GPU. A run that was meant to test on a GPU thus cannot pass without one.
//
// Example:
//   void SetUp() override {
//     if (!RequireGpu(WhyThereIsNoGpu())) return;   // The test is skipped, or it has failed.
//     ...
//   }
//
// METACONV_REQUIRE_GPU is the number of GPUs that the machine must have; not set is 0. With Bazel:
//   bazel test --test_env=METACONV_REQUIRE_GPU=1 //tests/cuda/...
//
// Thread safety: one thread.
// Lifetime: retains nothing.

#ifndef METACONV_TESTS_CUDA_REQUIRE_GPU_H_
#define METACONV_TESTS_CUDA_REQUIRE_GPU_H_

#include "absl/status/status.h"

namespace metaconv {

// Returns whether `found` is OK. Otherwise it skips or fails the current test, with the reason in one line; the caller
// must return. `number` is the number of GPUs that the test needs.
bool RequireGpu(const absl::Status& found, int number = 1);

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_REQUIRE_GPU_H_
