#include "checkpoint/records/geometry.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "c10/core/ScalarType.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(GeometryTest, NumberOfElements) {
  EXPECT_EQ(*NumberOfElements({}), 1);
  EXPECT_EQ(*NumberOfElements({2, 3}), 6);
  EXPECT_EQ(*NumberOfElements({kMax, kMax, 0}), 0);
  EXPECT_THAT(NumberOfElements({kMax, 2}), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("fits 64 bits")));
  EXPECT_THAT(NumberOfElements({0, -1}), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("found -1")));
}

TEST(GeometryTest, BytesReached) {
  EXPECT_EQ(*BytesReached({2, 3}, {3, 1}, 0, c10::kFloat), 24);
  EXPECT_EQ(*BytesReached({2, 3}, {1, 2}, 4, c10::kFloat), 40);
  EXPECT_EQ(*BytesReached({}, {}, 2, c10::kDouble), 24);
  EXPECT_EQ(*BytesReached({5}, {0}, 0, c10::kLong), 8);
  EXPECT_EQ(*BytesReached({0}, {1}, 7, c10::kLong), 0);
  EXPECT_EQ(*BytesReached({1, 1}, {kMax, kMax}, 0, c10::kByte), 1);
  // Two and four elements to a byte.
  EXPECT_EQ(*BytesReached({5}, {1}, 0, c10::ScalarType::QUInt4x2), 3);
  EXPECT_EQ(*BytesReached({5}, {1}, 0, c10::ScalarType::QUInt2x4), 2);
  EXPECT_THAT(BytesReached({kMax}, {1}, 1, c10::kByte), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("64 bits")));
  EXPECT_THAT(BytesReached({kMax}, {1}, 0, c10::kLong), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("64 bits")));
}

TEST(GeometryTest, ContiguousStride) {
  EXPECT_THAT(*ContiguousStride({}), ElementsAre());
  EXPECT_THAT(*ContiguousStride({2, 3, 4}), ElementsAre(12, 4, 1));
  EXPECT_THAT(*ContiguousStride({3, 0, 2}), ElementsAre(2, 2, 1));
  EXPECT_THAT(*ContiguousStride({kMax, kMax}), ElementsAre(kMax, 1));
  EXPECT_THAT(ContiguousStride({2, kMax, kMax}), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("64 bits")));
}

}  // namespace
}  // namespace metaconv
