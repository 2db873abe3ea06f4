// CudartProblems: what a test of the real CudaRuntime on the stand-in for libcudart must not leave behind.
//
// Example:
//   EXPECT_THAT(CudartProblems(), testing::IsEmpty());
//
// Thread safety: one thread; no other may use the runtime.
// Lifetime: retains nothing.

#ifndef METACONV_TESTS_CUDA_CUDART_PROBLEMS_H_
#define METACONV_TESTS_CUDA_CUDART_PROBLEMS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace metaconv {

// An error if the stand-in has no device.
absl::Status WhyNoCudart();

// Waits for the calling thread's streams. Returns the errors of their work, a pending error of the thread, and a current
// device that is not the initial one.
std::vector<std::string> CudartProblems();

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_CUDART_PROBLEMS_H_
