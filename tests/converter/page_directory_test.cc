#include "converter/page_directory.h"

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

using Directory = PageDirectory<std::int64_t>;

void Insert(Directory& directory, std::int64_t number) {
  directory.Insert(number, std::make_unique<std::int64_t>(number));
}

// Pages that hold their own numbers.
void ExpectHolds(const Directory& directory, std::int64_t number) {
  ASSERT_NE(directory.Find(number), nullptr) << number;
  EXPECT_EQ(*directory.Find(number), number);
}

TEST(PageDirectoryTest, FindsWhatWasInserted) {
  Directory directory;
  EXPECT_EQ(directory.Find(0), nullptr);
  Insert(directory, 0);
  ExpectHolds(directory, 0);
  EXPECT_EQ(directory.Find(1), nullptr);
  EXPECT_EQ(directory.Find(-1), nullptr);
  directory.Erase(0);
  EXPECT_EQ(directory.Find(0), nullptr);
  EXPECT_THAT(directory.Numbers(), IsEmpty());
}

TEST(PageDirectoryTest, AnyNumberIsAllowedAndTakesLittleMemory) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min() >> 7;
  constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max() >> 7;
  Directory directory;
  const std::vector<std::int64_t> numbers = {kLeast, -1, 0, 1, 1000, std::int64_t{1} << 33, kGreatest};
  for (const std::int64_t number : numbers) Insert(directory, number);
  for (const std::int64_t number : numbers) ExpectHolds(directory, number);
  EXPECT_THAT(directory.Numbers(), ElementsAreArray(numbers));
  EXPECT_LT(directory.window_size(), 100);
  for (const std::int64_t number : numbers) directory.Erase(number);
  EXPECT_THAT(directory.Numbers(), IsEmpty());
  directory.Shrink();
  EXPECT_EQ(directory.window_size(), 0);
}

TEST(PageDirectoryTest, TheWindowHoldsConsecutiveNumbersInAnyOrder) {
  for (const bool descending : {false, true}) {
    Directory directory;
    constexpr std::int64_t kPages = 10'000;
    for (std::int64_t i = 0; i < kPages; ++i) Insert(directory, 77 + (descending ? kPages - 1 - i : i));
    EXPECT_GE(directory.window_size(), kPages);
    EXPECT_LE(directory.window_size(), kPages + 128);
    for (std::int64_t i = 0; i < kPages; ++i) ExpectHolds(directory, 77 + i);
  }
}

TEST(PageDirectoryTest, TheWindowTakesInPagesThatItReaches) {
  Directory directory;
  Insert(directory, 0);
  Insert(directory, 500);  // Too far away.
  EXPECT_LE(directory.window_size(), 64);
  for (std::int64_t number = 1; number < 500; ++number) Insert(directory, number);
  Insert(directory, 501);
  EXPECT_EQ(directory.window_size(), 502);
  ExpectHolds(directory, 500);
}

TEST(PageDirectoryTest, ShrinkFreesThePlacesOfErasedPages) {
  Directory directory;
  for (std::int64_t number = 0; number < 1000; ++number) Insert(directory, number);
  for (std::int64_t number = 0; number < 1000; ++number) {
    if (number != 400 && number != 500) directory.Erase(number);
  }
  directory.Shrink();
  EXPECT_EQ(directory.window_size(), 101);
  EXPECT_THAT(directory.Numbers(), ElementsAre(400, 500));
  Insert(directory, 3);
  Insert(directory, 1000);
  EXPECT_THAT(directory.Numbers(), ElementsAre(3, 400, 500, 1000));
}

TEST(PageDirectoryTest, AgreesWithAMap) {
  for (int seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    Directory directory;
    std::map<std::int64_t, bool> present;
    for (int step = 0; step < 5000; ++step) {
      const auto number = static_cast<std::int64_t>(random() % (step + 100)) - 20;
      if (present[number]) {
        directory.Erase(number);
      } else {
        Insert(directory, number);
      }
      present[number] = !present[number];
      if (step % 1000 == 0) directory.Shrink();
    }
    std::vector<std::int64_t> numbers;
    for (const auto& [number, is_present] : present) {
      if (!is_present) {
        EXPECT_EQ(directory.Find(number), nullptr);
        continue;
      }
      ExpectHolds(directory, number);
      numbers.push_back(number);
    }
    EXPECT_THAT(directory.Numbers(), ElementsAreArray(numbers));
  }
}

}  // namespace
}  // namespace metaconv
