// Tests many threads that convert the same sources of each kind with one converter.

#include <vector>

#include "ATen/core/Tensor.h"
#include "converter/meta_converter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "meta/assert_metadata_eq.h"
#include "tests/testing/kind_samples.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

constexpr int kThreads = 8;
constexpr int kRounds = 20;

class KindsConcurrencyTest : public ::testing::TestWithParam<KindSample> {};

void ExpectOneResult(const std::vector<absl::StatusOr<at::Tensor>>& results) {
  for (const absl::StatusOr<at::Tensor>& result : results) {
    ASSERT_THAT(result, IsOk());
    EXPECT_TRUE(result->is_same(*results[0]));
  }
}

TEST_P(KindsConcurrencyTest, OneResultForARecord) {
  const MadeSample sample = GetParam().make();
  for (int round = 0; round < kRounds; ++round) {
    MetaConverter converter;
    std::vector<absl::StatusOr<at::Tensor>> results(kThreads);
    RunThreads(kThreads, [&](int i) { results[i] = converter.MetaTensor(*sample.record); });
    ExpectOneResult(results);
    EXPECT_THAT(AssertMetadataEq(*sample.record, *results[0]), IsOk());
    EXPECT_EQ(converter.hits(), kThreads);
  }
}

TEST_P(KindsConcurrencyTest, OneResultForATensor) {
  if (GetParam().needs_levels) return;  // Functorch levels are local to the thread that entered them.
  const MadeSample sample = GetParam().make();
  for (int round = 0; round < kRounds; ++round) {
    MetaConverter converter;
    std::vector<absl::StatusOr<at::Tensor>> results(kThreads);
    RunThreads(kThreads, [&](int i) { results[i] = converter.Convert(sample.tensor); });
    ExpectOneResult(results);
    EXPECT_EQ(converter.hits(), kThreads);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, KindsConcurrencyTest, ::testing::ValuesIn(KindSamples()));

}  // namespace
}  // namespace metaconv
