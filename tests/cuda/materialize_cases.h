// Tests of Materialize on CUDA, which run with the test double of the CUDA runtime, on the stand-in for libcudart,
// and on real devices.
//
// The program that links them defines TheMaterializeUnderTest() to select one, and registers the storage path for CUDA.
//
// Thread safety: for one thread.
// Lifetime: static.

#ifndef METACONV_TESTS_CUDA_MATERIALIZE_CASES_H_
#define METACONV_TESTS_CUDA_MATERIALIZE_CASES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace metaconv {

class MaterializeUnderTest {
 public:
  virtual ~MaterializeUnderTest() = default;
  // Why there is no such device on this machine.
  virtual absl::Status WhyNot() = 0;
  virtual int DeviceCount() = 0;
  // The errors detected so far, including leaks at the end.
  virtual std::vector<std::string> Problems() = 0;
};

MaterializeUnderTest& TheMaterializeUnderTest();

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_MATERIALIZE_CASES_H_
