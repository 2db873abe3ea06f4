#include "kinds/plain_tensor.h"

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/quantize_per_tensor.h"
#include "gtest/gtest.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

TEST(PlainTensorTest, TensorsOfEachPlainDevice) {
  for (const at::Device device : {at::Device(at::kCPU), at::Device(at::kMeta)}) {
    const at::Tensor dense = at::empty({2, 3}, device);
    EXPECT_TRUE(IsPlainTensor(dense)) << device;
    EXPECT_TRUE(IsPlainDense(dense)) << device;
    EXPECT_TRUE(IsPlainTensor(dense.t())) << device;
    EXPECT_FALSE(IsPlainDense(dense.t())) << device;
    const at::Tensor parameter = at::empty({2}, device).set_requires_grad(true);
    EXPECT_TRUE(IsPlainTensor(parameter)) << device;
    EXPECT_FALSE(IsPlainDense(parameter)) << device;
  }
}

TEST(PlainTensorTest, OtherTensors) {
  EXPECT_FALSE(IsPlainTensor(at::Tensor()));
  EXPECT_FALSE(IsPlainTensor(at::eye(2).to_sparse()));
  EXPECT_FALSE(IsPlainTensor(at::eye(2).to_sparse_csr()));
  EXPECT_FALSE(IsPlainTensor(at::quantize_per_tensor(at::eye(2), 0.1, 0, at::kQUInt8)));
  EXPECT_FALSE(IsPlainTensor(TwoTensor(at::ones({2}), at::ones({2}))));
}

}  // namespace
}  // namespace metaconv
