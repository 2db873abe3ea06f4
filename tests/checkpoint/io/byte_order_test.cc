#include "checkpoint/io/byte_order.h"

#include <bit>
#include <string>

#include "absl/types/span.h"
#include "c10/core/ScalarType.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

constexpr std::endian kOther = std::endian::native == std::endian::little ? std::endian::big : std::endian::little;

std::string Swapped(int swap_size, std::string bytes) {
  SwapBytes(swap_size, absl::MakeSpan(bytes));
  return bytes;
}

TEST(ByteOrderTest, TheSizeIsThatOfOneRealNumber) {
  EXPECT_EQ(SwapSize(c10::ScalarType::Bool, kOther), 1);
  EXPECT_EQ(SwapSize(c10::ScalarType::BFloat16, kOther), 2);
  EXPECT_EQ(SwapSize(c10::ScalarType::Int, kOther), 4);
  EXPECT_EQ(SwapSize(c10::ScalarType::QInt32, kOther), 4);
  EXPECT_EQ(SwapSize(c10::ScalarType::Double, kOther), 8);
  EXPECT_EQ(SwapSize(c10::ScalarType::ComplexHalf, kOther), 2);
  EXPECT_EQ(SwapSize(c10::ScalarType::ComplexFloat, kOther), 4);
  EXPECT_EQ(SwapSize(c10::ScalarType::ComplexDouble, kOther), 8);
}

TEST(ByteOrderTest, TheByteOrderOfTheMachineNeedsNoConversion) {
  EXPECT_EQ(SwapSize(c10::ScalarType::Double, std::endian::native), 1);
}

TEST(ByteOrderTest, AnIncompleteGroupIsNotChanged) {
  EXPECT_EQ(Swapped(1, "abcd"), "abcd");
  EXPECT_EQ(Swapped(2, "abcde"), "badce");
  EXPECT_EQ(Swapped(4, "abcdefg"), "dcbaefg");
  EXPECT_EQ(Swapped(8, "abcdefghijklmnopqrs"), "hgfedcbaponmlkjiqrs");
  EXPECT_EQ(Swapped(8, ""), "");
}

}  // namespace
}  // namespace metaconv
