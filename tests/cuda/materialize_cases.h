// Real tensors on CUDA: tests that run on devices made of host memory and on real ones.
//
// The program that links them says which by defining TheMaterializeUnderTest(), and registers the storage path for CUDA.
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
  // Why there is no such device here.
  virtual absl::Status WhyNot() = 0;
  // What was found wrong so far, and what is still there when all should be gone.
  virtual std::vector<std::string> Problems() = 0;
};

MaterializeUnderTest& TheMaterializeUnderTest();

}  // namespace metaconv

#endif  // METACONV_TESTS_CUDA_MATERIALIZE_CASES_H_
