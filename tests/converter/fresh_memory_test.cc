#include "converter/fresh_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kSmallPage = 4096;

// Fresh memory of several huge pages, in a mapping of its own.
class FreshMemoryTest : public ::testing::Test {
 protected:
  FreshMemoryTest()
      : memory_(static_cast<char*>(
            mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    madvise(memory_, kSize, MADV_NOHUGEPAGE);  // Where the system uses them without being asked.
  }
  ~FreshMemoryTest() override { munmap(memory_, kSize); }

  // Which pages are present.
  std::vector<bool> Present() const {
    std::vector<unsigned char> pages(kSize / static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
    EXPECT_EQ(mincore(memory_, kSize, pages.data()), 0);
    std::vector<bool> present;
    for (const unsigned char page : pages) present.push_back((page & 1) != 0);
    return present;
  }
  std::ptrdiff_t PresentCount() const { return std::ranges::count(Present(), true); }

  // What the kernel says about the mapping that has `address`: "rd wr …", where hg is the hint for huge pages.
  static std::string FlagsOf(const void* address) {
    std::ifstream file("/proc/self/smaps");
    bool is_inside = false;
    for (std::string line; std::getline(file, line);) {
      std::uintptr_t begin = 0;
      std::uintptr_t end = 0;
      if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
        const auto wanted = reinterpret_cast<std::uintptr_t>(address);
        is_inside = wanted >= begin && wanted < end;
      }
      if (is_inside && line.starts_with("VmFlags:")) return line + " ";
    }
    return "";
  }

  static constexpr std::size_t kSize = std::size_t{4} * kHugePageSize;
  char* const memory_;
};

TEST_F(FreshMemoryTest, MakePresentCoversThePagesOfTheBytesOnly) {
  MakePresent(memory_ + 10 * kSmallPage + 17, 32 * kSmallPage);
  const std::ptrdiff_t expected = 32 * kSmallPage / sysconf(_SC_PAGESIZE) + 1;
  EXPECT_THAT(PresentCount(), ::testing::AnyOf(expected, 0)) << "0: the kernel is older than 5.14";
}

TEST_F(FreshMemoryTest, MakePresentKeepsWhatWasWritten) {
  memory_[100] = 'a';
  MakePresent(memory_, 100 * kSmallPage);
  EXPECT_EQ(memory_[100], 'a');
  EXPECT_EQ(memory_[99 * kSmallPage], '\0');
}

TEST_F(FreshMemoryTest, MakePresentDoesNothingIfTheMiddleIsPresent) {
  memory_[16 * kSmallPage] = 'a';
  MakePresent(memory_, 32 * kSmallPage);
  EXPECT_EQ(PresentCount(), 1);
}

TEST_F(FreshMemoryTest, MakePresentLeavesFewPagesToFaults) {
  MakePresent(memory_, 32 * kSmallPage - 1);
  EXPECT_EQ(PresentCount(), 0);
}

TEST_F(FreshMemoryTest, GiveBackPagesDropsWholePagesOnly) {
  std::memset(memory_, 1, kSize);
  const std::ptrdiff_t all = PresentCount();
  const std::int64_t page = sysconf(_SC_PAGESIZE);
  GiveBackPages(memory_ + 1, 3 * page);
  EXPECT_EQ(PresentCount(), all - 2);
  EXPECT_EQ(memory_[page - 1], 1);
  EXPECT_EQ(memory_[3 * page], 1);
  EXPECT_EQ(memory_[page], 0) << "gone, and fresh again";
  GiveBackPages(memory_ + 1, page);
  EXPECT_EQ(memory_[1], 1);
}

TEST_F(FreshMemoryTest, UseHugePagesAsksForWholeBlocksInside) {
  if (!std::filesystem::exists("/sys/kernel/mm/transparent_hugepage")) return;  // The kernel has none to ask for.
  UseHugePages(memory_ + 64, static_cast<std::int64_t>(kSize) - 64);
  const auto first = (reinterpret_cast<std::uintptr_t>(memory_) / kHugePageSize + 1) * kHugePageSize;
  EXPECT_THAT(FlagsOf(reinterpret_cast<void*>(first)), HasSubstr(" hg "));
  EXPECT_THAT(FlagsOf(memory_), ::testing::Not(HasSubstr(" hg ")));
  EXPECT_EQ(PresentCount(), 0) << "a hint takes no memory";
}

TEST_F(FreshMemoryTest, LessThanABlockGetsNoHint) {
  UseHugePages(memory_, kHugePageSize - 1);
  EXPECT_THAT(FlagsOf(memory_), ::testing::Not(HasSubstr(" hg ")));
}

}  // namespace
}  // namespace metaconv
