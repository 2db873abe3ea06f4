#include "tests/cuda/require_gpu.h"

#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::TestPartResult;

const char kVariable[] = "METACONV_REQUIRE_GPU";
const absl::Status kNoGpu = absl::NotFoundError("there is no GPU,\nand no driver");

class RequireGpuTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* value = std::getenv(kVariable)) before_ = value;
    unsetenv(kVariable);
  }
  void TearDown() override {
    if (before_.empty()) {
      unsetenv(kVariable);
    } else {
      setenv(kVariable, before_.c_str(), 1);
    }
  }

  // What RequireGpu reports. It must report one result, and return false.
  static TestPartResult ResultOf(const absl::Status& found, int number) {
    testing::TestPartResultArray results;
    {
      const testing::ScopedFakeTestPartResultReporter reporter(
          testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
      if (RequireGpu(found, number)) return TestPartResult(TestPartResult::kSuccess, nullptr, -1, "returned true");
    }
    EXPECT_EQ(results.size(), 1);
    return results.GetTestPartResult(0);
  }

 private:
  std::string before_;
};

TEST_F(RequireGpuTest, WithAGpu) {
  EXPECT_TRUE(RequireGpu(absl::OkStatus()));
  setenv(kVariable, "1", 1);
  EXPECT_TRUE(RequireGpu(absl::OkStatus()));
}

TEST_F(RequireGpuTest, SkipsWithTheReasonInOneLine) {
  const TestPartResult result = ResultOf(kNoGpu, 1);
  EXPECT_TRUE(result.skipped());
  EXPECT_THAT(std::string(result.message()), AllOf(HasSubstr("there is no GPU, and no driver"),
                                                   HasSubstr("METACONV_REQUIRE_GPU=1"), Not(HasSubstr("\n"))));
}

TEST_F(RequireGpuTest, FailsWithTheReasonIfAGpuIsRequired) {
  setenv(kVariable, "1", 1);
  const TestPartResult result = ResultOf(kNoGpu, 1);
  EXPECT_TRUE(result.fatally_failed());
  EXPECT_THAT(std::string(result.message()),
              AllOf(HasSubstr("METACONV_REQUIRE_GPU=1, but"), HasSubstr("there is no GPU, and no driver")));
}

TEST_F(RequireGpuTest, ASecondGpuMustBeRequiredToo) {
  setenv(kVariable, "1", 1);
  EXPECT_TRUE(ResultOf(kNoGpu, 2).skipped());
  setenv(kVariable, "2", 1);
  EXPECT_TRUE(ResultOf(kNoGpu, 2).fatally_failed());
  setenv(kVariable, "0", 1);
  EXPECT_TRUE(ResultOf(kNoGpu, 1).skipped());
}

TEST_F(RequireGpuTest, RefusesWhatIsNotANumber) {
  setenv(kVariable, "yes", 1);
  const TestPartResult result = ResultOf(kNoGpu, 1);
  EXPECT_TRUE(result.fatally_failed());
  EXPECT_THAT(std::string(result.message()), HasSubstr("METACONV_REQUIRE_GPU=yes: expected a number"));
}

}  // namespace
}  // namespace metaconv
