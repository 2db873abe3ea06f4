#include "kinds/data_slot.h"

#include <atomic>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/ones.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

at::Tensor WithSlot() {
  at::Tensor tensor = at::empty({4}, at::kMeta);
  DataSlot::Attach(tensor.storage());
  return tensor;
}

TEST(DataSlotTest, AStorageHasAtMostOneSlot) {
  EXPECT_EQ(DataSlot::Of(at::empty({4}, at::kMeta)), nullptr);
  EXPECT_EQ(DataSlot::Of(at::empty({4})), nullptr);
  EXPECT_EQ(DataSlot::Of(c10::Storage()), nullptr);
  const at::Tensor tensor = WithSlot();
  const DataSlot* slot = DataSlot::Of(tensor);
  ASSERT_NE(slot, nullptr);
  DataSlot::Attach(tensor.storage());
  EXPECT_EQ(DataSlot::Of(tensor.storage()), slot);
  EXPECT_EQ(DataSlot::Of(tensor.view({2, 2})), slot);
  // The tensor is unchanged.
  EXPECT_TRUE(tensor.is_meta());
  EXPECT_EQ(tensor.storage().nbytes(), 16);
}

TEST(DataSlotTest, IsFilledOnce) {
  const at::Tensor tensor = WithSlot();
  std::atomic<int> calls = 0;
  RunThreads(8, [&](int) {
    EXPECT_THAT(DataSlot::Of(tensor)->FillOnce([&]() -> absl::StatusOr<c10::Storage> {
      ++calls;
      return at::ones({4}).storage();
    }),
                IsOk());
  });
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(DataSlot::Of(tensor)->storage().nbytes(), 16);
}

TEST(DataSlotTest, AFailedFillIsRetried) {
  const at::Tensor tensor = WithSlot();
  EXPECT_THAT(
      DataSlot::Of(tensor)->FillOnce([]() -> absl::StatusOr<c10::Storage> { return absl::DataLossError("lost"); }),
      StatusIs(absl::StatusCode::kDataLoss, "lost"));
  EXPECT_FALSE(DataSlot::Of(tensor)->storage());
  EXPECT_THAT(DataSlot::Of(tensor)->FillOnce([]() -> absl::StatusOr<c10::Storage> { return at::ones({4}).storage(); }),
              IsOk());
  EXPECT_TRUE(DataSlot::Of(tensor)->storage());
}

TEST(DataSlotTest, IsFreedWithItsStorage) {
  at::Tensor tensor = WithSlot();
  const at::Tensor data = at::ones({4});
  DataSlot::Of(tensor)->Set(data, {});
  EXPECT_EQ(data.use_count(), 2);
  const c10::weak_intrusive_ptr<c10::StorageImpl> weak = tensor.storage().getWeakStorageImpl();
  tensor.reset();
  EXPECT_EQ(data.use_count(), 1);
}

TEST(DataSlotTest, TheCarrierIsTheStorageOfTheValues) {
  const at::Tensor coo = at::eye(3).to_sparse();
  EXPECT_TRUE(DataCarrier(coo).is_alias_of(coo._values().storage()));
  const at::Tensor csr = at::eye(3).to_sparse_csr();
  EXPECT_TRUE(DataCarrier(csr).is_alias_of(csr.values().storage()));
  const at::Tensor dense = at::eye(3);
  EXPECT_TRUE(DataCarrier(dense).is_alias_of(dense.storage()));
  EXPECT_FALSE(DataCarrier(at::eye(3).to_mkldnn()));
}

}  // namespace
}  // namespace metaconv
