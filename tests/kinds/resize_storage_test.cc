#include "kinds/resize_storage.h"

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/equal.h"
#include "ATen/ops/from_blob.h"
#include "ATen/ops/ones.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/torch_status.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;

TEST(ResizeStorageTest, Meta) {
  const at::Tensor tensor = at::empty({4}, at::device(at::kMeta));
  EXPECT_THAT(ResizeStorage(tensor.storage(), 100), IsOk());
  EXPECT_EQ(tensor.storage().nbytes(), 100);
  EXPECT_THAT(ResizeStorage(tensor.storage(), 0), IsOk());
  EXPECT_EQ(tensor.storage().nbytes(), 0);
}

TEST(ResizeStorageTest, CpuKeepsTheBytes) {
  const at::Tensor tensor = at::ones({4});
  EXPECT_THAT(ResizeStorage(tensor.storage(), 100), IsOk());
  EXPECT_EQ(tensor.storage().nbytes(), 100);
  EXPECT_TRUE(at::equal(tensor, at::ones({4})));
  EXPECT_THAT(ResizeStorage(tensor.storage(), 0), IsOk());
  EXPECT_EQ(tensor.storage().nbytes(), 0);
}

TEST(ResizeStorageTest, StoragesThatCannotBeResized) {
  float data[4] = {};
  EXPECT_THAT(ResizeStorage(at::from_blob(data, {4}).storage(), 100),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("resizing a storage: ")));
  const c10::Storage elsewhere(c10::Storage::use_byte_size_t(), 4, c10::DataPtr(nullptr, c10::Device("cuda:0")),
                               nullptr, false);
  EXPECT_THAT(ResizeStorage(elsewhere, 8),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("expected device meta or cpu, found cuda:0")));
}

}  // namespace
}  // namespace metaconv
