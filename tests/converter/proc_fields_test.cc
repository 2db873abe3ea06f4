#include "converter/proc_fields.h"

#include <fstream>
#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace metaconv {
namespace {

std::string FileWith(const std::string& text) {
  const std::string path = ::testing::TempDir() + "/proc_fields";
  std::ofstream(path, std::ios::trunc) << text;
  return path;
}

TEST(ProcFieldsTest, AddsUpTheNamedFields) {
  const std::string path = FileWith("VmPeak:\t  900 kB\nVmHWM:\t   12 kB\nThreads:\t4\nVmRSS:\t    5 kB\nno colon\n");
  EXPECT_EQ(ProcFieldBytes(path, {"VmHWM"}), 12 * 1024);
  EXPECT_EQ(ProcFieldBytes(path, {"VmRSS", "VmHWM"}), 17 * 1024);
  EXPECT_EQ(ProcFieldBytes(path, {"VmRSS", "VmSwap"}), 5 * 1024);
}

TEST(ProcFieldsTest, IsNulloptWithoutSuchAFieldOrFile) {
  EXPECT_EQ(ProcFieldBytes(FileWith("VmHWM: 12 kB\n"), {"Vm", "VmHWM:", ""}), std::nullopt);
  EXPECT_EQ(ProcFieldBytes(FileWith(""), {"VmHWM"}), std::nullopt);
  EXPECT_EQ(ProcFieldBytes(::testing::TempDir() + "/no_such_file", {"VmHWM"}), std::nullopt);
}

TEST(ProcNumberTest, IsTheNumberAtTheStart) {
  EXPECT_EQ(ProcNumber(FileWith("123456\n")), 123456);
  EXPECT_EQ(ProcNumber(FileWith("max\n")), std::nullopt);
  EXPECT_EQ(ProcNumber(FileWith("")), std::nullopt);
  EXPECT_EQ(ProcNumber(::testing::TempDir() + "/no_such_file"), std::nullopt);
}

}  // namespace
}  // namespace metaconv
