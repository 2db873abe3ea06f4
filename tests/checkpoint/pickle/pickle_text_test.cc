#include "checkpoint/pickle/pickle_text.h"

#include <cstdint>
#include <limits>
#include <optional>

#include "gtest/gtest.h"

namespace metaconv {
namespace {

TEST(PickleTextTest, StringLiterals) {
  EXPECT_EQ(ParseStringLiteral("'a'"), "a");
  EXPECT_EQ(ParseStringLiteral(" \"a\" "), "a");
  EXPECT_EQ(ParseStringLiteral("''"), "");
  EXPECT_EQ(ParseStringLiteral(R"('\n\t\\\'\"\x41\101\z')"), "\n\t\\'\"AA\\z");
  for (const char* bad : {"", "'", "a", "'a", "'a\"", R"('\)", R"('\x4')", R"('\x')"}) {
    EXPECT_EQ(ParseStringLiteral(bad), std::nullopt) << bad;
  }
}

TEST(PickleTextTest, RawUnicodeEscape) {
  EXPECT_EQ(ParseRawUnicodeEscape("a\\u00e9\xe9\\U0001F600\\n"), "aéé😀\\n");
  for (const char* bad : {"\\u12", "\\uwxyz", "\\U00110000", "\\u+123"}) {
    EXPECT_EQ(ParseRawUnicodeEscape(bad), std::nullopt) << bad;
  }
}

TEST(PickleTextTest, Decimal) {
  EXPECT_EQ(ParseDecimal("-12 "), -12);
  EXPECT_EQ(ParseDecimal("+7"), 7);
  EXPECT_EQ(ParseDecimal("99999999999999999999"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(ParseDecimal("-99999999999999999999"), std::numeric_limits<std::int64_t>::min());
  for (const char* bad : {"", "x", "1x", "+-1", "1.5"}) EXPECT_EQ(ParseDecimal(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace metaconv
