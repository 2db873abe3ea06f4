#include "checkpoint/io/utf8.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"

namespace metaconv {
namespace {

TEST(Utf8Test, Append) {
  std::string out;
  for (const std::uint32_t code_point : {0x41u, 0xe9u, 0x20acu, 0x1f600u}) AppendUtf8(code_point, out);
  EXPECT_EQ(out, "Aé€😀");
}

TEST(Utf8Test, EscapeInvalid) {
  EXPECT_EQ(EscapeInvalidUtf8("Aé€😀"), "Aé€😀");
  EXPECT_EQ(EscapeInvalidUtf8("\xff"), "\\xff");
  EXPECT_EQ(EscapeInvalidUtf8("a\xc3"), "a\\xc3");
  EXPECT_EQ(EscapeInvalidUtf8("\xc3(x"), "\\xc3(x");
  EXPECT_EQ(EscapeInvalidUtf8("\xc0\xaf"), "\\xc0\\xaf");                    // Overlong.
  EXPECT_EQ(EscapeInvalidUtf8("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // A surrogate.
  EXPECT_EQ(EscapeInvalidUtf8("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // Above U+10FFFF.
}

}  // namespace
}  // namespace metaconv
