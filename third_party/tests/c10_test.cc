// Tests that a program that links @libtorch//:c10 runs and does not load the rest of LibTorch.

#include <fstream>
#include <sstream>
#include <string>

#include "c10/core/ScalarType.h"
#include "c10/core/SymInt.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace {

TEST(C10, LoadsWithoutTheRestOfLibTorch) {
  // Both are defined in libc10.so.
  EXPECT_EQ(c10::SymInt(4) * 2, 8);
  EXPECT_STREQ(c10::toString(c10::kBFloat16), "BFloat16");

  std::ifstream maps("/proc/self/maps");
  std::ostringstream loaded;
  loaded << maps.rdbuf();
  EXPECT_THAT(loaded.str(), testing::HasSubstr("libc10.so"));
  EXPECT_THAT(loaded.str(), testing::Not(testing::HasSubstr("libtorch")));
}

}  // namespace
