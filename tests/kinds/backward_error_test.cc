#include "kinds/backward_error.h"

#include "ATen/core/Tensor.h"
#include "ATen/ops/ones.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/torch_status.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;

TEST(BackwardErrorTest, BackwardRaisesAnError) {
  const at::Tensor tensor = at::ones({2, 2});
  BackwardError(tensor);
  EXPECT_FALSE(tensor.is_leaf());
  EXPECT_TRUE(tensor.requires_grad());
  EXPECT_THAT(CatchTorch("backward", [&] { tensor.sum().backward(); }),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("its source was not a leaf")));
}

}  // namespace
}  // namespace metaconv
