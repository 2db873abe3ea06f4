#include "kinds/torch_view_func.h"

#include <memory>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/from_blob.h"
#include "ATen/ops/view_as_complex.h"
#include "ATen/ops/view_as_real.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/meta_tensor_desc.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;

at::Tensor Replay(const at::Tensor& view, const at::Tensor& new_base, const ViewFunc::SymIntVisitor& symints = {},
                  const ViewFunc::TensorVisitor& tensors = {}) {
  MetaTensorDescriber describer;
  const MetaTensorDescPtr desc = describer.DescribeTensor(view).value();
  return ViewFuncOf(*desc)->Apply(*desc, new_base, symints, tensors).value();
}

std::shared_ptr<const ViewFunc> FuncOf(const at::Tensor& view) {
  MetaTensorDescriber describer;
  return TorchViewFunc(view, [&](const at::Tensor& tensor) { return describer.DescribeTensor(tensor); }).value();
}

TEST(TorchViewFuncTest, NullWithoutAView) {
  EXPECT_EQ(FuncOf(at::empty({4})), nullptr);
  EXPECT_EQ(ViewFuncOf(MetaTensorDesc()), nullptr);
}

TEST(TorchViewFuncTest, StridedViewsAreReplayedByTheirStrides) {
  const at::Tensor view = at::empty({4, 6}).select(0, 1).slice(0, 2);
  EXPECT_EQ(FuncOf(view), nullptr) << "the record has all that is needed";
  const at::Tensor base = at::empty({24});
  const at::Tensor replayed = Replay(view, base);
  EXPECT_TRUE(replayed._base().is_same(base));
  EXPECT_EQ(replayed.sizes(), view.sizes());
  EXPECT_EQ(replayed.strides(), view.strides());
  EXPECT_EQ(replayed.storage_offset(), 8);
  EXPECT_EQ(Replay(view, base, [](const c10::SymInt& value) { return value + 1; }).storage_offset(), 9);
}

TEST(TorchViewFuncTest, OtherViewsAreReplayedByTheirOperators) {
  const at::Tensor view = at::view_as_real(at::empty({3}, at::kComplexFloat));
  EXPECT_EQ(FuncOf(view)->Name(), "aten::view_as_real");
  const at::Tensor base = at::empty({5}, at::kComplexFloat);
  const at::Tensor replayed = Replay(
      view, base, [](const c10::SymInt& value) { return value; },
      [](const CapturedTensor& captured) { return at::Tensor(captured.tensor); });
  EXPECT_TRUE(replayed._base().is_same(base));
  EXPECT_EQ(replayed.sizes(), (at::IntArrayRef{5, 2}));
}

TEST(TorchViewFuncTest, AnIncompatibleBaseIsAnError) {
  MetaTensorDescriber describer;
  const MetaTensorDescPtr strided = describer.DescribeTensor(at::empty({4, 6}).select(0, 1)).value();
  EXPECT_FALSE(ViewFuncOf(*strided)->Apply(*strided, at::empty({2}), {}, {}).ok());
  MetaTensorDesc without_stride = *strided;
  without_stride.stride.reset();
  EXPECT_THAT(ViewFuncOf(without_stride)->Apply(without_stride, at::empty({24}), {}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("strides")));
  const MetaTensorDescPtr typed = describer.DescribeTensor(at::view_as_real(at::empty({3}, at::kComplexFloat))).value();
  EXPECT_FALSE(ViewFuncOf(*typed)->Apply(*typed, at::empty({3}), {}, {}).ok());
}

TEST(TorchViewFuncTest, KeepsNeitherTheViewNorItsBase) {
  bool freed = false;
  float data[4] = {};
  std::shared_ptr<const ViewFunc> func;
  {
    const at::Tensor base = at::from_blob(data, {2, 2}, [&](void*) { freed = true; });
    func = FuncOf(at::view_as_complex(base));
  }
  EXPECT_TRUE(freed);
}

}  // namespace
}  // namespace metaconv
