#include "describer/compare_tensors.h"

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/quantize_per_tensor.h"
#include "c10/core/InferenceMode.h"
#include "describer/disable_inference_mode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;

constexpr absl::StatusCode kUnimplemented = absl::StatusCode::kUnimplemented;

TEST(CompareTensorsTest, TwoTensors) {
  const at::Tensor a = at::empty({4}).view({2, 2});
  EXPECT_THAT(AssertMetadataEq(a, at::empty({4}, at::device(at::kMeta)).view({2, 2})), IsOk());
  EXPECT_THAT(AssertMetadataEq(a, at::empty({5}).slice(0, 0, 4).view({2, 2})),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("base.size: expected [4], found [5]")));
  const at::Tensor quantized = at::quantize_per_tensor(at::eye(2), 0.1, 0, at::kQUInt8);
  EXPECT_THAT(AssertMetadataEq(quantized, a), StatusIs(kUnimplemented, HasSubstr("quantized")));
  at::Tensor inference;
  {
    const c10::InferenceMode mode;
    inference = at::empty({1});
  }
  const DisableInferenceModeForFakeProp scope;
  EXPECT_THAT(AssertMetadataEq(inference, at::empty({1})), IsOk());
  EXPECT_THAT(AssertMetadataEq(at::empty({1}), inference), IsOk());
}

}  // namespace
}  // namespace metaconv
