#include "meta/assert_metadata_eq.h"

#include <utility>

#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/_neg_view.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/zeros.h"
#include "c10/core/InferenceMode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/safe_autograd.h"
#include "tests/testing/records.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/symbolic_int.h"

namespace metaconv {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;

constexpr absl::StatusCode kInternal = absl::StatusCode::kInternal;

TEST(AssertMetadataEqTest, MatchesRealAndMetaTensors) {
  const MetaTensorDesc desc = DenseRecord(3, {2, 4});
  EXPECT_THAT(AssertMetadataEq(desc, at::empty({2, 4})), IsOk());
  EXPECT_THAT(AssertMetadataEq(desc, at::empty({2, 4}, at::device(at::kMeta))), IsOk());
}

TEST(AssertMetadataEqTest, EveryFieldThatDiffersIsNamed) {
  const MetaTensorDesc desc = DenseRecord(3, {2, 4});
  const at::Tensor found = at::empty({16}, at::kDouble).slice(0, 8).set_requires_grad(true);
  EXPECT_THAT(
      AssertMetadataEq(desc, found),
      StatusIs(kInternal, Eq("tensor differs from record 3: dtype: expected torch.float32, found torch.float64; "
                             "size: expected [2,4], found [8]; requires_grad: expected false, found true; "
                             "stride: expected [4,1], found [1]; storage_offset: expected 0, found 8; "
                             "is_view: expected false, found true")));
}

TEST(AssertMetadataEqTest, ComparesBaseAndGradient) {
  MetaTensorDesc desc = ViewRecord(1, Share(DenseRecord(0, {5})));
  desc.size[0] = 4;
  desc.extras.Edit().grad = Share(DenseRecord(2, {4}));
  at::Tensor view = at::empty({4}).view({4});
  view.mutable_grad() = at::empty({4}, at::kDouble);
  EXPECT_THAT(AssertMetadataEq(desc, view),
              StatusIs(kInternal, Eq("tensor differs from record 1: grad.dtype: expected torch.float32, found "
                                     "torch.float64; base.size: expected [5], found [4]")));
}

TEST(AssertMetadataEqTest, MissingParts) {
  MetaTensorDesc desc = DenseRecord(0, {4});
  at::Tensor tensor = at::empty({4});
  tensor.mutable_grad() = at::empty({4});
  EXPECT_THAT(AssertMetadataEq(desc, tensor), StatusIs(kInternal, HasSubstr("grad: expected none, found a tensor")));
  desc.extras.Edit().grad = Share(DenseRecord(1, {4}));
  EXPECT_THAT(AssertMetadataEq(desc, at::empty({4})),
              StatusIs(kInternal, HasSubstr("grad: expected a tensor, found none")));
  desc = ViewRecord(1, Share(DenseRecord(0, {4})));
  desc.base = nullptr;
  EXPECT_THAT(AssertMetadataEq(desc, at::empty({4}).view({4})),
              StatusIs(kInternal, HasSubstr("base: expected none, found a tensor")));
}

TEST(AssertMetadataEqTest, BitsAndInference) {
  MetaTensorDesc desc = DenseRecord(0, {4});
  desc.dtype = c10::kComplexFloat;
  desc.is_inference = true;
  const at::Tensor conj = at::empty({4}, at::kComplexFloat).conj().detach();
  EXPECT_THAT(AssertMetadataEq(desc, conj),
              StatusIs(kInternal, Eq("tensor differs from record 0: is_inference: expected true, found false; is_conj: "
                                     "expected false, found true")));
  EXPECT_THAT(AssertMetadataEq(DenseRecord(0, {4}), at::_neg_view(at::empty({4})).detach()),
              StatusIs(kInternal, HasSubstr("is_neg: expected false, found true")));
}

TEST(AssertMetadataEqTest, Options) {
  MetaTensorDesc desc = DenseRecord(0, {4});
  desc.size[0] = MakeSymbolicInt("s0");
  EXPECT_THAT(AssertMetadataEq(desc, at::empty({4})),
              StatusIs(kInternal, HasSubstr("size: expected [\"s0\"], found [4]")));
  EXPECT_THAT(AssertMetadataEq(desc, at::empty({4}), {.skip_symbolic = true}), IsOk());

  desc = DenseRecord(0, {4});
  desc.is_leaf = false;
  EXPECT_THAT(AssertMetadataEq(desc, at::empty({4})), StatusIs(kInternal, HasSubstr("is_leaf")));
  EXPECT_THAT(AssertMetadataEq(desc, at::empty({4}), {.skip_leaf = true}), IsOk());

  at::Tensor inference;
  {
    const c10::InferenceMode mode;
    inference = at::empty({4});
  }
  EXPECT_THAT(AssertMetadataEq(DenseRecord(0, {4}), inference), StatusIs(kInternal, HasSubstr("is_inference")));
  EXPECT_THAT(AssertMetadataEq(DenseRecord(0, {4}), inference, {.inference_mode_hidden = true}), IsOk());
}

TEST(AssertMetadataEqTest, Sparse) {
  const at::Tensor coo = at::eye(3).to_sparse();
  MetaTensorDesc desc = DenseRecord(0, {3, 3});
  EXPECT_THAT(AssertMetadataEq(desc, coo),
              StatusIs(kInternal, HasSubstr("layout: expected torch.strided, found torch.sparse_coo")));
  desc.layout = c10::kSparse;
  desc.is_sparse = true;
  desc.edit_sparse().sparse_dim = 2;
  desc.edit_sparse().dense_dim = 0;
  desc.edit_sparse().is_coalesced = coo.is_coalesced();
  EXPECT_THAT(AssertMetadataEq(desc, coo), IsOk());
  desc.edit_sparse().sparse_dim = 1;
  desc.edit_sparse().is_coalesced = !coo.is_coalesced();
  EXPECT_THAT(AssertMetadataEq(desc, coo), StatusIs(kInternal, HasSubstr("sparse_dim: expected 1, found 2; is_coal")));
  EXPECT_THAT(AssertMetadataEq(desc, at::eye(3)),
              StatusIs(kInternal, HasSubstr("layout: expected torch.sparse_coo, found torch.strided")));
}

TEST(AssertMetadataEqTest, UndefinedTensor) {
  EXPECT_THAT(AssertMetadataEq(DenseRecord(0, {4}), at::Tensor()),
              StatusIs(kInternal, Eq("expected a tensor, found an undefined one")));
}

// Each gradient is a view, and shares its own gradient with its base, so there are 2^40 paths to the innermost record.
TEST(AssertMetadataEqTest, SharedPartsAreComparedOnce) {
  at::Tensor tensor = at::empty({2});
  MetaTensorDescPtr desc = Share(DenseRecord(0, {2}));
  for (int i = 1; i <= 40; ++i) {
    at::Tensor base = at::empty({2});
    at::Tensor view = base.view({2});
    base.mutable_grad() = tensor;
    view.mutable_grad() = tensor;
    MetaTensorDesc base_desc = DenseRecord(2 * i, {2});
    base_desc.extras.Edit().grad = desc;
    MetaTensorDesc view_desc = ViewRecord(2 * i + 1, Share(std::move(base_desc)));
    view_desc.extras.Edit().grad = desc;
    tensor = view;
    desc = Share(std::move(view_desc));
  }
  EXPECT_THAT(AssertMetadataEq(*desc, tensor), IsOk());
}

TEST(SafeAutogradTest, AViewIsNotALeafIfItsBaseHasAGradFn) {
  const at::Tensor w = at::ones({3}).set_requires_grad(true);
  const at::Tensor x = at::zeros({2, 3});
  const at::Tensor v = x[0];
  EXPECT_TRUE(SafeIsLeaf(v));
  x.mul_(w);
  EXPECT_FALSE(SafeIsLeaf(v));
  EXPECT_FALSE(SafeIsLeaf(x));
  EXPECT_TRUE(SafeIsLeaf(w));
}

TEST(SafeAutogradTest, AViewWithoutAValidGradFnIsNotALeaf) {
  const at::Tensor x = at::zeros({2, 3}).set_requires_grad(true) * 1;
  const at::Tensor v = x.unbind(0)[0];
  x.mul_(2);
  EXPECT_ANY_THROW(v.grad_fn());
  EXPECT_FALSE(SafeIsLeaf(v));
}

TEST(SafeAutogradTest, Gradient) {
  at::Tensor x = at::zeros({3});
  EXPECT_FALSE(SafeGrad(x).defined());
  x.mutable_grad() = at::ones({3});
  EXPECT_TRUE(SafeGrad(x).is_same(x.grad()));
}

}  // namespace
}  // namespace metaconv
