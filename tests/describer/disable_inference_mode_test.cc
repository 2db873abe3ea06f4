#include "describer/disable_inference_mode.h"

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "c10/core/InferenceMode.h"
#include "describer/meta_tensor_describer.h"
#include "gtest/gtest.h"
#include "tests/testing/run_threads.h"

namespace metaconv {
namespace {

MetaTensorDescPtr Describe(MetaTensorDescriber& describer, const at::Tensor& tensor,
                           const DescribeOptions& options = {}) {
  return describer.DescribeTensor(tensor, options).value();
}

TEST(DisableInferenceModeTest, ScopesNestOnTheirThread) {
  at::Tensor tensor;
  {
    const c10::InferenceMode mode;
    tensor = at::empty({1});
  }
  MetaTensorDescriber describer;
  EXPECT_TRUE(Describe(describer, tensor)->is_inference);
  {
    const DisableInferenceModeForFakeProp outer;
    EXPECT_FALSE(Describe(describer, tensor)->is_inference);
    { const DisableInferenceModeForFakeProp inner; }
    EXPECT_TRUE(DisableInferenceModeForFakeProp::IsActive());
    EXPECT_FALSE(Describe(describer, tensor)->is_inference);
    RunThreads(1, [&](int) {
      EXPECT_FALSE(DisableInferenceModeForFakeProp::IsActive());
      EXPECT_TRUE(Describe(describer, tensor)->is_inference);
    });
  }
  EXPECT_FALSE(DisableInferenceModeForFakeProp::IsActive());
}

}  // namespace
}  // namespace metaconv
