// Tests strided nested tensors. The Python reference does not support them, so the expected results are defined here.

#include "kinds/nested.h"

#include <cstdint>
#include <vector>

#include "ATen/NestedTensorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/_nested_tensor_from_tensor_list.h"
#include "ATen/ops/_nested_view_from_buffer.h"
#include "ATen/ops/equal.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/tensor.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;

at::Tensor Nested() { return at::_nested_tensor_from_tensor_list({at::ones({2, 3}), at::ones({1, 3})}); }

const at::native::NestedTensorImpl& ImplOf(const at::Tensor& tensor) {
  return *at::native::get_nested_tensor_impl(tensor);
}

void ExpectSameComponents(const at::Tensor& result, const at::Tensor& source) {
  ASSERT_TRUE(result.is_nested());
  EXPECT_TRUE(at::equal(ImplOf(result).get_nested_sizes(), ImplOf(source).get_nested_sizes()));
  EXPECT_TRUE(at::equal(ImplOf(result).get_nested_strides(), ImplOf(source).get_nested_strides()));
  EXPECT_TRUE(at::equal(ImplOf(result).get_storage_offsets(), ImplOf(source).get_storage_offsets()));
}

at::Tensor Convert(MetaConverter& converter, const at::Tensor& tensor) {
  absl::StatusOr<at::Tensor> result = converter.Convert(tensor);
  EXPECT_THAT(result, IsOk());
  return result.value_or(at::Tensor());
}

TEST(NestedTest, TheRecordHasTheLayoutOfEachComponent) {
  MetaTensorDescriber describer;
  const MetaTensorDescPtr desc = describer.DescribeTensor(Nested()).value();
  EXPECT_TRUE(desc->is_nested);
  EXPECT_EQ(desc->ndim(), 3);
  EXPECT_TRUE(desc->size.empty());
  EXPECT_FALSE(desc->stride.has_value());
  EXPECT_THAT(desc->nested().sizes, ElementsAre(ElementsAre(2, 3), ElementsAre(1, 3)));
  EXPECT_THAT(desc->nested().strides, ElementsAre(ElementsAre(3, 1), ElementsAre(3, 1)));
  EXPECT_THAT(desc->nested().offsets, ElementsAre(0, 6));
  EXPECT_EQ(desc->storage->size, 36);
}

TEST(NestedTest, TheResultIsNestedAndHasNoMemory) {
  MetaConverter converter;
  const at::Tensor source = Nested();
  const at::Tensor result = Convert(converter, source);
  ExpectSameComponents(result, source);
  EXPECT_TRUE(result.is_meta());
  EXPECT_EQ(result.dim(), 3);
  EXPECT_EQ(result.numel(), 9);
  EXPECT_EQ(result.scalar_type(), at::kFloat);
  EXPECT_EQ(result.storage().nbytes(), 36);
  EXPECT_EQ(result.storage().data(), nullptr);
}

TEST(NestedTest, AutogradState) {
  MetaConverter converter;
  const at::Tensor leaf = Nested().set_requires_grad(true);
  EXPECT_TRUE(Convert(converter, leaf).is_leaf());
  EXPECT_TRUE(Convert(converter, leaf).requires_grad());
  const at::Tensor non_leaf = leaf * 2;
  ASSERT_FALSE(non_leaf.is_leaf());
  const at::Tensor result = Convert(converter, non_leaf);
  EXPECT_FALSE(result.is_leaf());
  EXPECT_TRUE(result.requires_grad());
}

TEST(NestedTest, ComponentsAreViewsOfTheResult) {
  MetaConverter converter;
  const at::Tensor source = Nested();
  const std::vector<at::Tensor> components = source.unbind();
  const at::Tensor first = Convert(converter, components[0]);
  const at::Tensor second = Convert(converter, components[1]);
  const at::Tensor whole = Convert(converter, source);
  for (const at::Tensor& view : {first, second}) {
    EXPECT_TRUE(view.is_view());
    EXPECT_TRUE(view._base().is_same(whole));
    EXPECT_TRUE(view.is_alias_of(whole));
  }
  EXPECT_EQ(second.storage_offset(), 6);
  EXPECT_EQ(second.sizes(), (at::IntArrayRef{1, 3}));
  const std::uint32_t before = second._version();
  whole.unsafeGetTensorImpl()->bump_version();
  EXPECT_EQ(second._version(), before + 1);
}

TEST(NestedTest, AViewOfABufferIsAViewOfItsResult) {
  MetaConverter converter;
  const at::Tensor buffer = at::ones({9});
  const at::Tensor sizes = at::tensor({2, 3, 1, 3}, at::kLong).view({2, 2});
  const at::Tensor strides = at::tensor({3, 1, 3, 1}, at::kLong).view({2, 2});
  const at::Tensor source = at::_nested_view_from_buffer(buffer, sizes, strides, at::tensor({0, 6}, at::kLong));
  const at::Tensor result = Convert(converter, source);
  ExpectSameComponents(result, source);
  EXPECT_TRUE(result.is_view());
  EXPECT_TRUE(result._base().is_same(Convert(converter, buffer)));
  EXPECT_TRUE(result.is_alias_of(Convert(converter, buffer)));
}

TEST(NestedTest, WithoutComponentsAndTransposed) {
  MetaConverter converter;
  const at::Tensor none = Convert(converter, at::_nested_tensor_from_tensor_list({}));
  EXPECT_TRUE(none.is_nested());
  EXPECT_EQ(ImplOf(none).get_storage_offsets().numel(), 0);
  const at::Tensor source = Nested();
  const at::Tensor transposed = source.transpose(1, 2);
  const at::Tensor result = Convert(converter, transposed);
  ExpectSameComponents(result, transposed);
  EXPECT_TRUE(result.is_alias_of(Convert(converter, source)));
}

}  // namespace
}  // namespace metaconv
