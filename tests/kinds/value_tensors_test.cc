#include "kinds/value_tensors.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/tensor.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

std::vector<at::Tensor> TensorsOf(const c10::IValue& value) {
  std::vector<at::Tensor> tensors;
  ForEachTensor(value, [&](const at::Tensor& tensor) { tensors.push_back(tensor); });
  return tensors;
}

at::Tensor Doubled(const at::Tensor& tensor) { return tensor * 2; }

// The element of each tensor in `value`. Each tensor has one element.
std::vector<std::int64_t> ItemsOf(const c10::IValue& value) {
  std::vector<std::int64_t> items;
  for (const at::Tensor& tensor : TensorsOf(value)) items.push_back(tensor.item<std::int64_t>());
  return items;
}

using Items = std::vector<std::int64_t>;

TEST(ValueTensorsTest, OneTensor) {
  const c10::IValue value(at::tensor(3));
  EXPECT_EQ(ItemsOf(value), Items({3}));
  EXPECT_EQ(ItemsOf(MapTensors(value, Doubled)), Items({6}));
  EXPECT_EQ(ItemsOf(value), Items({3}));
}

TEST(ValueTensorsTest, ListsOfTensorsKeepTheirOrderAndUndefinedElements) {
  const c10::IValue value(std::vector<at::Tensor>{at::tensor(3), at::Tensor(), at::tensor(5)});
  EXPECT_EQ(ItemsOf(value), Items({3, 5}));
  const c10::IValue mapped = MapTensors(value, Doubled);
  EXPECT_EQ(ItemsOf(mapped), Items({6, 10}));
  EXPECT_FALSE(mapped.toTensorVector()[1].defined());
  EXPECT_EQ(ItemsOf(value), Items({3, 5}));
}

TEST(ValueTensorsTest, ListsOfOptionalTensorsKeepAbsentElements) {
  c10::List<std::optional<at::Tensor>> list;
  list.push_back(at::tensor(3));
  list.push_back(std::nullopt);
  list.push_back(at::tensor(5));
  const c10::IValue value(list);
  EXPECT_EQ(ItemsOf(value), Items({3, 5}));
  const c10::IValue mapped = MapTensors(value, Doubled);
  EXPECT_TRUE(mapped.isOptionalTensorList());
  EXPECT_EQ(ItemsOf(mapped), Items({6, 10}));
  EXPECT_TRUE(mapped.toListRef()[1].isNone());
}

TEST(ValueTensorsTest, OtherValuesHaveNoTensors) {
  for (const c10::IValue& value : {c10::IValue(), c10::IValue(std::int64_t{3}),
                                   c10::IValue(std::vector<std::int64_t>{1, 2}), c10::IValue(at::Tensor())}) {
    EXPECT_TRUE(TensorsOf(value).empty()) << value;
    const c10::IValue mapped = MapTensors(value, Doubled);
    EXPECT_EQ(mapped.tagKind(), value.tagKind());
    EXPECT_TRUE(TensorsOf(mapped).empty());
  }
}

}  // namespace
}  // namespace metaconv
