#include "describer/weak_reference.h"

#include <utility>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "c10/core/StorageImpl.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

TEST(WeakReferenceTest, EmptyIsNeitherAliveNorDead) {
  const WeakReference<c10::StorageImpl> none;
  EXPECT_TRUE(none.IsEmpty());
  EXPECT_FALSE(none.IsAlive());
  EXPECT_FALSE(none.IsDead());
  EXPECT_FALSE(none.Lock());
}

TEST(WeakReferenceTest, HoldsTheMemoryNotTheObject) {
  at::Tensor tensor = at::empty({4});
  c10::StorageImpl* storage = tensor.storage().unsafeGetStorageImpl();
  WeakReference<c10::StorageImpl> reference(*storage);
  EXPECT_FALSE(reference.IsEmpty());
  EXPECT_TRUE(reference.IsAlive());
  EXPECT_FALSE(reference.IsDead());
  EXPECT_EQ(reference.Lock().get(), storage);
  tensor.reset();
  EXPECT_FALSE(reference.IsAlive());
  EXPECT_TRUE(reference.IsDead());
  EXPECT_FALSE(reference.Lock());
  EXPECT_FALSE(reference.IsEmpty());
}

TEST(WeakReferenceTest, MovesAndReleases) {
  at::Tensor tensor = at::empty({4});
  const auto weak_count = [&] { return tensor.getIntrusivePtr().weak_use_count(); };
  const auto before = weak_count();
  {
    WeakReference<at::TensorImpl> a(*tensor.unsafeGetTensorImpl());
    EXPECT_EQ(weak_count(), before + 1);
    WeakReference<at::TensorImpl> b = std::move(a);
    EXPECT_EQ(weak_count(), before + 1);
    b = WeakReference<at::TensorImpl>();
    EXPECT_EQ(weak_count(), before);
  }
  EXPECT_EQ(weak_count(), before);
}

}  // namespace
}  // namespace metaconv
