// Tests that a failed conversion changes no state, with a callback that throws at each of its calls in turn.

#include <ostream>
#include <stdexcept>

#include "ATen/core/Tensor.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/assert_metadata_eq.h"
#include "tests/testing/kind_samples.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;

// More calls than any sample makes.
constexpr int kManyCalls = 20;

AllocationCallback FailingAt(int k, int& calls) {
  return [k, &calls](AllocationMaker make, c10::Device) -> at::Tensor {
    if (++calls == k) throw std::runtime_error("injected");
    return make();
  };
}

void ExpectNothingRemembered(MetaConverter& converter, const MetaTensorDesc& record) {
  const RecordIds ids = IdsOf(record);
  for (const MetaTensorId id : ids.tensors) EXPECT_FALSE(converter.GetTensorMemo(id).defined()) << "tensor " << id;
  for (const MetaStorageId id : ids.storages) {
    EXPECT_EQ(converter.GetStorageMemo(id).unsafeGetStorageImpl(), nullptr) << "storage " << id;
  }
}

class FailureInjectionTest : public ::testing::TestWithParam<KindSample> {};

TEST_P(FailureInjectionTest, ChangesNothingAndTheNextCallSucceeds) {
  const MadeSample sample = GetParam().make();
  for (int k = 1; k < kManyCalls; ++k) {
    SCOPED_TRACE(k);
    MetaConverter converter;
    int calls = 0;
    const absl::StatusOr<at::Tensor> failed = converter.MetaTensor(*sample.record, FailingAt(k, calls));
    if (calls < k) {
      EXPECT_THAT(failed, IsOk());
      EXPECT_GT(calls, 0) << "the callback is never asked";
      return;
    }
    EXPECT_THAT(failed, StatusIs(absl::StatusCode::kInternal, HasSubstr("injected")));
    EXPECT_EQ(converter.hits(), 0);
    EXPECT_EQ(converter.misses(), 0);
    ExpectNothingRemembered(converter, *sample.record);

    const absl::StatusOr<at::Tensor> result = converter.MetaTensor(*sample.record);
    ASSERT_THAT(result, IsOk());
    EXPECT_THAT(AssertMetadataEq(*sample.record, *result), IsOk());
    EXPECT_TRUE(converter.GetTensorMemo(sample.record->id).is_same(*result));
    EXPECT_EQ(converter.hits(), 1);
  }
  FAIL() << "the callback is called without end";
}

// Results of an earlier conversion that are still held are not affected.
TEST_P(FailureInjectionTest, DoesNotAffectResultsThatAreHeld) {
  const MadeSample sample = GetParam().make();
  MetaConverter converter;
  const at::Tensor held = converter.MetaTensor(*sample.record).value();
  int calls = 0;
  EXPECT_TRUE(converter.MetaTensor(*sample.record, FailingAt(1, calls)).value().is_same(held));
  EXPECT_EQ(calls, 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, FailureInjectionTest, ::testing::ValuesIn(KindSamples()));

}  // namespace
}  // namespace metaconv
