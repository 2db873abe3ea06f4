#include "checkpoint/pickle/big_int.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

using testing::StartsWith;

TEST(BigIntTest, Values) {
  EXPECT_EQ(BigIntValue(""), 0);
  EXPECT_EQ(BigIntValue("\x7f"), 127);
  EXPECT_EQ(BigIntValue("\xff"), -1);
  EXPECT_EQ(BigIntValue(std::string("\xff\x00", 2)), 255);
  EXPECT_EQ(BigIntValue(std::string(7, '\xff') + "\x7f"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(BigIntValue(std::string(7, '\0') + "\x80"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(BigIntValue(std::string(100, '\xff')), -1);
  EXPECT_EQ(BigIntValue(std::string(8, '\xff') + std::string(1, '\0')), std::nullopt);
  EXPECT_EQ(BigIntValue(std::string(8, '\0') + "\xff"), std::nullopt);
}

TEST(BigIntTest, Digits) {
  EXPECT_EQ(BigIntDigits("\x80"), "-128");
  EXPECT_EQ(BigIntDigits(std::string(8, '\0') + "\x01"), "18446744073709551616");
  EXPECT_EQ(BigIntDigits(std::string(8, '\0') + "\xff"), "-18446744073709551616");
  EXPECT_EQ(BigIntDigits("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"), "119547037146038801333356");
  EXPECT_THAT(BigIntDigits(std::string(1'000'000, '\x11')), StartsWith("0x1111"));
}

}  // namespace
}  // namespace metaconv
