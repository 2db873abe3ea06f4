// InOwnProcess: runs the body of a test in a child process, for code whose state lasts until its process ends, such as
// that of LibTorch and of the CUDA runtime.
//
// Example:
//   TEST(CudaRuntime, Works) {
//     InOwnProcess([] { EXPECT_THAT(TheCudaRuntime().DeviceCount(), IsOk()); });
//   }
//
// The child is forked, so the test program must not use such state outside of it. The test fails if an expectation of
// the body fails, or if the child writes to standard error: warnings of libraries are failures too.
//
// Thread safety: must be called by the only thread of the process.
// Lifetime: retains nothing.

#ifndef METACONV_TESTS_TESTING_OWN_PROCESS_H_
#define METACONV_TESTS_TESTING_OWN_PROCESS_H_

#include <cstdio>
#include <cstdlib>

#include "absl/functional/function_ref.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace internal {

// GoogleTest does not print the failures of a child.
inline void PrintFailures() {
  const testing::TestResult& result = *testing::UnitTest::GetInstance()->current_test_info()->result();
  for (int i = 0; i < result.total_part_count(); ++i) {
    const testing::TestPartResult& part = result.GetTestPartResult(i);
    if (part.failed()) std::fprintf(stderr, "%s:%d: %s\n", part.file_name(), part.line_number(), part.message());
  }
}

// Runs no destructors: those of libraries may wait for threads.
[[noreturn]] inline void RunAndExit(absl::FunctionRef<void()> body) {
  body();
  PrintFailures();
  std::fflush(nullptr);
  std::_Exit(testing::Test::HasFailure() ? 1 : 0);
}

}  // namespace internal

inline void InOwnProcess(absl::FunctionRef<void()> body) {
  EXPECT_EXIT(internal::RunAndExit(body), testing::ExitedWithCode(0), testing::Eq(""));
}

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_OWN_PROCESS_H_
