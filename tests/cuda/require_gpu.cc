#include "tests/cuda/require_gpu.h"

#include <cstdlib>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

constexpr char kVariable[] = "METACONV_REQUIRE_GPU";

void SkipOrFail(const std::string& why, int number) {
  const char* value = std::getenv(kVariable);
  int required = 0;
  if (value != nullptr && !absl::SimpleAtoi(value, &required)) {
    FAIL() << kVariable << "=" << value << ": expected a number of GPUs";
  }
  if (required >= number) FAIL() << kVariable << "=" << value << ", but " << why;
  GTEST_SKIP() << why << " (" << kVariable << "=" << number << " makes this an error)";
}

}  // namespace

bool RequireGpu(const absl::Status& found, int number) {
  if (found.ok()) return true;
  SkipOrFail(absl::StrReplaceAll(found.ToString(), {{"\n", " "}}), number);
  return false;
}

}  // namespace metaconv
