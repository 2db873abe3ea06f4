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

// New memory with the size of several huge pages, in a separate mapping.
class FreshMemoryTest : public ::testing::Test {
 protected:
  FreshMemoryTest()
      : memory_(static_cast<char*>(
            mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    madvise(memory_, kSize, MADV_NOHUGEPAGE);  // The system may use huge pages by default.
  }
  ~FreshMemoryTest() override { munmap(memory_, kSize); }

  // Whether each page is present.
  std::vector<bool> Present() const {
    std::vector<unsigned char> pages(kSize / static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
    EXPECT_EQ(mincore(memory_, kSize, pages.data()), 0);
    std::vector<bool> present;
    for (const unsigned char page : pages) present.push_back((page & 1) != 0);
    return present;
  }
  std::ptrdiff_t PresentCount() const { return std::ranges::count(Present(), true); }

  // The kernel's flags of the mapping that contains `address`, such as "rd wr ". The flag "hg" means that huge pages
  // were requested.
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

TEST_F(FreshMemoryTest, MakePresentAffectsOnlyThePagesOfTheBytes) {
  MakePresent(memory_ + 10 * kSmallPage + 17, 32 * kSmallPage);
  const std::ptrdiff_t expected = 32 * kSmallPage / sysconf(_SC_PAGESIZE) + 1;
  EXPECT_THAT(PresentCount(), ::testing::AnyOf(expected, 0)) << "0 if the kernel is older than 5.14";
}

TEST_F(FreshMemoryTest, MakePresentKeepsTheContents) {
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

TEST_F(FreshMemoryTest, MakePresentIgnoresSmallSizes) {
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
  EXPECT_EQ(memory_[page], 0) << "the page was dropped";
  GiveBackPages(memory_ + 1, page);
  EXPECT_EQ(memory_[1], 1);
}

TEST_F(FreshMemoryTest, UseHugePagesRequestsThemForWholeBlocks) {
  if (!std::filesystem::exists("/sys/kernel/mm/transparent_hugepage")) return;  // The kernel has no huge pages.
  UseHugePages(memory_ + 64, static_cast<std::int64_t>(kSize) - 64);
  const auto first = (reinterpret_cast<std::uintptr_t>(memory_) / kHugePageSize + 1) * kHugePageSize;
  EXPECT_THAT(FlagsOf(reinterpret_cast<void*>(first)), HasSubstr(" hg "));
  EXPECT_THAT(FlagsOf(memory_), ::testing::Not(HasSubstr(" hg ")));
  EXPECT_EQ(PresentCount(), 0) << "the hint allocates no memory";
}

TEST_F(FreshMemoryTest, UseHugePagesIgnoresLessThanABlock) {
  UseHugePages(memory_, kHugePageSize - 1);
  EXPECT_THAT(FlagsOf(memory_), ::testing::Not(HasSubstr(" hg ")));
}

}  // namespace
}  // namespace metaconv
