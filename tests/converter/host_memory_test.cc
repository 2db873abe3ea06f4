#include "converter/host_memory.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace metaconv {
namespace {

// A directory with the structure of a root file system.
class HostMemoryTest : public ::testing::Test {
 protected:
  HostMemoryTest() : root_(std::filesystem::path(::testing::TempDir()) / "host_memory") {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ / "proc");
    std::filesystem::create_directories(root_ / "sys/fs/cgroup");
  }

  void Write(const std::string& path, const std::string& text) { std::ofstream(root_ / path) << text; }
  std::optional<std::int64_t> Available() const { return AvailableHostMemory(root_.string()); }

 private:
  const std::filesystem::path root_;
};

constexpr char kMeminfo[] = "MemTotal: 1000 kB\nMemFree:  10 kB\nMemAvailable:  400 kB\nSwapFree:   100 kB\n";

TEST_F(HostMemoryTest, UnknownSystem) { EXPECT_EQ(Available(), std::nullopt); }

TEST_F(HostMemoryTest, AvailableAndSwap) {
  Write("proc/meminfo", kMeminfo);
  EXPECT_EQ(Available(), 500 * 1024);
}

TEST_F(HostMemoryTest, AContainerHasLess) {
  Write("proc/meminfo", kMeminfo);
  Write("sys/fs/cgroup/memory.max", "300000\n");
  Write("sys/fs/cgroup/memory.current", "100000\n");
  EXPECT_EQ(Available(), 200000);
  Write("sys/fs/cgroup/memory.current", "400000\n");
  EXPECT_EQ(Available(), 0);
}

TEST_F(HostMemoryTest, AContainerWithoutALimit) {
  Write("proc/meminfo", kMeminfo);
  Write("sys/fs/cgroup/memory.max", "max\n");
  Write("sys/fs/cgroup/memory.current", "100000\n");
  EXPECT_EQ(Available(), 500 * 1024);
}

TEST_F(HostMemoryTest, ThisMachineHasSome) { EXPECT_GT(AvailableHostMemory().value_or(1), 0); }

}  // namespace
}  // namespace metaconv
