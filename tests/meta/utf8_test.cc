#include "meta/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace metaconv {
namespace {

TEST(IsUtf8Test, WellFormedText) {
  for (const char* text : {"", "a", "layers.0.weight", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    // At each position, because whole words of ASCII are skipped.
    for (int before = 0; before < 10; ++before) {
      EXPECT_TRUE(IsUtf8(std::string(before, 'x') + text + "y")) << text;
    }
  }
  EXPECT_TRUE(IsUtf8(std::string(1, '\0')));
}

TEST(IsUtf8Test, OtherBytes) {
  for (const char* text :
       {"\x80", "\xBF", "\xC2", "\xC2x", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xE1\x80", "\xE1\x80x",
        "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF1\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF"}) {
    for (int before = 0; before < 10; ++before) {
      EXPECT_FALSE(IsUtf8(std::string(before, 'x') + text)) << text;
    }
  }
}

TEST(Utf8SequenceLengthTest, TheFirstSequence) {
  EXPECT_EQ(Utf8SequenceLength(""), 0u);
  EXPECT_EQ(Utf8SequenceLength("ab"), 1u);
  EXPECT_EQ(Utf8SequenceLength("\xC3\xA9\xFF"), 2u);
  EXPECT_EQ(Utf8SequenceLength("\xE2\x82\xAC"), 3u);
  EXPECT_EQ(Utf8SequenceLength("\xF0\x9F\x98\x80x"), 4u);
  EXPECT_EQ(Utf8SequenceLength("\xE2\x82"), 0u);
  EXPECT_EQ(Utf8SequenceLength("\xED\xA0\x80"), 0u);
}

TEST(IsAsciiTest, BytesBelow128) {
  EXPECT_TRUE(IsAscii(""));
  for (int before = 0; before < 20; ++before) {
    EXPECT_TRUE(IsAscii(std::string(before, '\x7F')));
    EXPECT_FALSE(IsAscii(std::string(before, 'x') + "\x80" + std::string(20 - before, 'x')));
  }
}

}  // namespace
}  // namespace metaconv
