// Tests Materialize with the real CudaRuntime and LibTorch's allocator, on the stand-in for libcudart.

#include <string>
#include <vector>

#include "cuda/cuda_runtime.h"
#include "tests/cuda/cudart_problems.h"
#include "tests/cuda/materialize_cases.h"

namespace metaconv {
namespace {

class CudartUnderTest final : public MaterializeUnderTest {
 public:
  absl::Status WhyNot() override { return WhyNoCudart(); }
  int DeviceCount() override { return TheCudaRuntime().DeviceCount().value(); }
  std::vector<std::string> Problems() override { return CudartProblems(); }
};

}  // namespace

MaterializeUnderTest& TheMaterializeUnderTest() {
  static CudartUnderTest under_test;
  return under_test;
}

}  // namespace metaconv
