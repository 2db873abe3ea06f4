// Linking this file checks at the end of a test program on the stand-in for libcudart that nothing is left behind.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/cudart_problems.h"

namespace metaconv {
namespace {

class CudartEnvironment final : public testing::Environment {
 public:
  void TearDown() override { EXPECT_THAT(CudartProblems(), testing::IsEmpty()); }
};

[[maybe_unused]] const testing::Environment* const added = testing::AddGlobalTestEnvironment(new CudartEnvironment());

}  // namespace
}  // namespace metaconv
