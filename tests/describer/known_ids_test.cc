#include "describer/known_ids.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/view_as_real.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;

std::vector<const void*> TensorsOf(KnownIds& known) {
  std::vector<const void*> objects;
  for (const auto& item : known.tensors()) objects.push_back(item.object);
  return objects;
}

std::vector<const void*> StoragesOf(KnownIds& known) {
  std::vector<const void*> objects;
  for (const auto& item : known.storages()) objects.push_back(item.object);
  return objects;
}

const void* Address(const at::Tensor& tensor) { return tensor.unsafeGetTensorImpl(); }
const void* StorageAddress(const at::Tensor& tensor) { return tensor.storage().unsafeGetStorageImpl(); }

TEST(KnownIdsTest, ObjectsAreInTheOrderInWhichTheyAreIdentified) {
  const at::Tensor dense = at::empty({2});
  at::Tensor with_grad = at::empty({2});
  with_grad.mutable_grad() = at::empty({2});
  const at::Tensor base = at::empty({2, 3});
  at::Tensor view = base.t();
  view.mutable_grad() = at::empty({3, 2});
  KnownIds known;
  EXPECT_TRUE(known.empty());
  EXPECT_TRUE(known.Add(dense));
  EXPECT_TRUE(known.Add(with_grad));
  EXPECT_TRUE(known.Add(view));
  EXPECT_FALSE(known.empty());
  EXPECT_THAT(TensorsOf(known), ElementsAre(Address(dense), Address(with_grad), Address(with_grad.grad()),
                                            Address(view), Address(view.grad()), Address(base)));
  EXPECT_THAT(StoragesOf(known),
              ElementsAre(StorageAddress(dense), StorageAddress(with_grad), StorageAddress(with_grad.grad()),
                          StorageAddress(base), StorageAddress(view.grad()), StorageAddress(base)));
  known.Clear();
  EXPECT_TRUE(known.empty());
  EXPECT_THAT(TensorsOf(known), ElementsAre());
}

TEST(KnownIdsTest, OtherTensorsAreNotAdded) {
  at::Tensor grad_of_grad = at::empty({2});
  grad_of_grad.mutable_grad() = at::empty({2});
  grad_of_grad.mutable_grad().mutable_grad() = at::empty({2});
  at::Tensor view_as_grad = at::empty({3, 2});
  view_as_grad.mutable_grad() = at::empty({2, 3}).t();
  at::Tensor base_with_grad = at::empty({2, 3});
  base_with_grad.mutable_grad() = at::empty({2, 3});
  at::Tensor sparse_grad = at::eye(2);
  sparse_grad.mutable_grad() = at::eye(2).to_sparse();
  const std::vector<std::pair<const char*, at::Tensor>> others = {
      {"undefined", at::Tensor()},
      {"COO", at::eye(2).to_sparse()},
      {"CSR", at::eye(2).to_sparse_csr()},
      {"wrapper", TwoTensor(at::ones({2}), at::ones({2}))},
      {"view with a function", at::view_as_real(at::empty({2}, at::kComplexFloat))},
      {"view of a sparse tensor", at::eye(2).to_sparse().values()},
      {"gradient of a gradient", grad_of_grad},
      {"gradient that is a view", view_as_grad},
      {"base with a gradient", base_with_grad.t()},
      {"sparse gradient", sparse_grad},
  };
  for (const auto& [name, tensor] : others) {
    KnownIds known;
    EXPECT_FALSE(known.Add(tensor)) << name;
    EXPECT_THAT(TensorsOf(known), ElementsAre()) << name;
    EXPECT_THAT(StoragesOf(known), ElementsAre()) << name;
  }
}

TEST(KnownIdsTest, AddsLeadingTensorsUpToALimit) {
  std::vector<at::Tensor> tensors;
  for (std::size_t i = 0; i < 2 * KnownIds::kMostTensors; ++i) tensors.push_back(at::empty({2}));
  KnownIds known;
  EXPECT_EQ(known.AddLeading(tensors), KnownIds::kMostTensors);
  EXPECT_FALSE(known.Add(tensors[0]));
  known.Clear();
  tensors[5] = at::Tensor();
  EXPECT_EQ(known.AddLeading(tensors), 5);
  EXPECT_EQ(known.AddLeading({}), 0);
}

TEST(KnownIdsTest, IdentitiesAreTakenInOrder) {
  const std::vector<at::Tensor> tensors = {at::empty({1}), at::empty({2}), at::empty({3})};
  KnownIds known;
  ASSERT_EQ(known.AddLeading(tensors), 3);
  EXPECT_EQ(known.TakeTensor(tensors[0]), std::nullopt);  // Not identified yet.
  for (std::size_t i = 0; i < 3; ++i) {
    known.tensors()[i].identity = {.id = static_cast<std::int64_t>(i) + 10, .has_extra = i == 2};
    known.storages()[i].identity.id = static_cast<std::int64_t>(i) + 20;
  }
  EXPECT_EQ(known.TakeTensor(at::empty({1})), std::nullopt);
  EXPECT_EQ(known.TakeTensor(tensors[0]).value().id, 10);
  EXPECT_EQ(known.TakeStorage(tensors[0].storage()).value().id, 20);
  EXPECT_EQ(known.TakeTensor(tensors[0]), std::nullopt);
  EXPECT_EQ(known.TakeTensor(tensors[2]).value().id, 12);  // The second one is left out.
  EXPECT_EQ(known.TakeTensor(tensors[1]), std::nullopt);
  EXPECT_EQ(known.TakeStorage(tensors[1].storage()).value().id, 21);
}

}  // namespace
}  // namespace metaconv
