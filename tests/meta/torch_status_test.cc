#include "meta/torch_status.h"

#include <cstddef>
#include <new>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c10/core/CPUAllocator.h"
#include "c10/util/Exception.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;

TEST(CatchTorchTest, ResultsPassThrough) {
  int calls = 0;
  EXPECT_THAT(CatchTorch("counting", [&] { ++calls; }), IsOk());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(CatchTorch("adding", [] { return 3; }).value(), 3);
  EXPECT_EQ(CatchTorch("adding", [] { return absl::StatusOr<int>(4); }).value(), 4);
  EXPECT_THAT(CatchTorch("failing", [] { return absl::DataLossError("gone"); }),
              StatusIs(absl::StatusCode::kDataLoss, Eq("gone")));
  EXPECT_THAT(CatchTorch("failing", []() -> absl::StatusOr<int> { return absl::DataLossError("gone"); }),
              StatusIs(absl::StatusCode::kDataLoss, Eq("gone")));
}

template <typename F>
absl::Status Thrown(F f) {
  return CatchTorch("doing it", [&] { f(); });
}

TEST(CatchTorchTest, EachExceptionHasItsCode) {
  const std::string text = "doing it: the text";
  EXPECT_THAT(Thrown([] { TORCH_CHECK_INDEX(false, "the text"); }),
              StatusIs(absl::StatusCode::kInvalidArgument, Eq(text)));
  EXPECT_THAT(Thrown([] { TORCH_CHECK_VALUE(false, "the text"); }),
              StatusIs(absl::StatusCode::kInvalidArgument, Eq(text)));
  EXPECT_THAT(Thrown([] { TORCH_CHECK_TYPE(false, "the text"); }),
              StatusIs(absl::StatusCode::kInvalidArgument, Eq(text)));
  EXPECT_THAT(Thrown([] { TORCH_CHECK_LINALG(false, "the text"); }),
              StatusIs(absl::StatusCode::kInvalidArgument, Eq(text)));
  EXPECT_THAT(Thrown([] { TORCH_CHECK_NOT_IMPLEMENTED(false, "the text"); }),
              StatusIs(absl::StatusCode::kUnimplemented, Eq(text)));
  EXPECT_THAT(Thrown([] { TORCH_CHECK_WITH(OutOfMemoryError, false, "the text"); }),
              StatusIs(absl::StatusCode::kResourceExhausted, Eq(text)));
  EXPECT_THAT(Thrown([] { TORCH_CHECK(false, "the text"); }), StatusIs(absl::StatusCode::kInternal, Eq(text)));
  EXPECT_THAT(Thrown([] { throw std::runtime_error("the text"); }), StatusIs(absl::StatusCode::kInternal, Eq(text)));
  EXPECT_THAT(Thrown([] { throw std::bad_alloc(); }),
              StatusIs(absl::StatusCode::kResourceExhausted, Eq("doing it: out of memory")));
  EXPECT_THAT(Thrown([] { static_cast<void>(c10::GetCPUAllocator()->allocate(std::size_t{1} << 60)); }),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("can't allocate memory")));
  EXPECT_THAT(Thrown([] { throw 3; }),
              StatusIs(absl::StatusCode::kInternal, Eq("doing it: an exception of unknown type")));
}

TEST(CatchTorchTest, KeepsTheCodeOfAnAccelerator) {
  const absl::Status status = Thrown([] {
    throw c10::AcceleratorError({__func__, __FILE__, __LINE__}, 700, "a fault");
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal, Eq("doing it: a fault")));
  ASSERT_TRUE(status.GetPayload(kAcceleratorErrorCode).has_value());
  EXPECT_EQ(std::string(*status.GetPayload(kAcceleratorErrorCode)), "700");
  EXPECT_FALSE(Thrown([] { TORCH_CHECK(false, "no code"); }).GetPayload(kAcceleratorErrorCode).has_value());
}

}  // namespace
}  // namespace metaconv
