// Tests GpuDirectFileReader on a test double of libcufile, which reads into host memory.

#include "cuda/files/gpu_direct_file.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/fake_cufile/fake_cufile.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;

constexpr char kLibrary[] = "tests/cuda/fake_cufile/libfake_cufile.so";
constexpr std::int64_t kSize = 1'000'000;

FakeCuFile& TheFake() {
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  return *reinterpret_cast<TheFakeCuFileFunction*>(dlsym(library, "TheFakeCuFile"))();
}

c10::Device Cuda(int index) { return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)); }

int OpenDescriptors() {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

class GpuDirectFileTest : public testing::Test {
 protected:
  GpuDirectFileTest() : path_(absl::StrCat(testing::TempDir(), "/gpu_direct_file_test")), bytes_(kSize, '\0') {
    for (std::int64_t i = 0; i < kSize; ++i) bytes_[i] = static_cast<char>(i * 31 + i / 997);
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    EXPECT_EQ(write(descriptor_, bytes_.data(), kSize), kSize);
    const int direct = open(path_.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
    has_direct_io_ = direct >= 0;
    if (has_direct_io_) close(direct);
  }

  ~GpuDirectFileTest() override {
    EXPECT_EQ(fake_.handles, 0);
    EXPECT_EQ(fake_.open_drivers, 0);
    fake_.open_error = 0;
    fake_.register_error = 0;
    fake_.read_error = 0;
    fake_.reads_before_error = 0;
    fake_.most_bytes = kSize;
    fake_.reads = 0;
    close(descriptor_);
    unlink(path_.c_str());
  }

  GpuDirectOptions Options() {
    return {.use = GpuDirectUse::kAlways,
            .on_device =
                [this](c10::Device device, absl::FunctionRef<absl::Status()> function) {
                  if (device == broken_device_) return absl::InternalError("the device cannot be used");
                  ++calls_on_device_[device.index()];
                  return function();
                },
            .library = kLibrary,
            // Exists everywhere, unlike the kernel's list of modules.
            .modules_file = "/proc/self/stat"};
  }

  // The file in the test's folder, opened by the reader. It must exist if the folder's file system has direct I/O.
  std::unique_ptr<DeviceFile> Open(GpuDirectFileReader& reader, int device = 0) {
    std::unique_ptr<DeviceFile> file = reader.Open(descriptor_, Cuda(device));
    EXPECT_EQ(file != nullptr, has_direct_io_);
    return file;
  }

  FakeCuFile& fake_ = TheFake();
  const std::string path_;
  std::string bytes_;
  int descriptor_ = -1;
  bool has_direct_io_ = false;
  c10::Device broken_device_ = Cuda(9);
  std::atomic<int> calls_on_device_[3] = {};
};

TEST_F(GpuDirectFileTest, ReadsAnyRange) {
  GpuDirectFileReader reader(Options());
  const std::unique_ptr<DeviceFile> file = Open(reader);
  if (file == nullptr) return;
  const std::pair<std::int64_t, std::int64_t> ranges[] = {{0, kSize},   {0, 0},           {0, 1},        {1, 4095},
                                                          {4096, 4096}, {13, kSize - 13}, {kSize - 1, 1}};
  for (const auto& [offset, size] : ranges) {
    std::string into(size + 2, 'x');
    EXPECT_TRUE(file->Read(offset, into.data() + 1, size));
    EXPECT_EQ(into.substr(1, size), bytes_.substr(offset, size)) << offset << ", " << size;
    EXPECT_TRUE(into.front() == 'x' && into.back() == 'x');
  }
}

TEST_F(GpuDirectFileTest, ContinuesReadsThatReturnLess) {
  GpuDirectFileReader reader(Options());
  const std::unique_ptr<DeviceFile> file = Open(reader);
  if (file == nullptr) return;
  fake_.most_bytes = 70'001;
  std::string into(kSize - 5, 'x');
  EXPECT_TRUE(file->Read(5, into.data(), kSize - 5));
  EXPECT_EQ(into, bytes_.substr(5));
  EXPECT_EQ(fake_.reads, 15);
}

TEST_F(GpuDirectFileTest, MakesEachCallOnTheDeviceOfTheFile) {
  GpuDirectFileReader reader(Options());
  const std::unique_ptr<DeviceFile> first = Open(reader, 1), second = Open(reader, 2);
  if (first == nullptr) return;
  EXPECT_EQ(calls_on_device_[1], 2);  // Opening the driver, and registering the file.
  EXPECT_EQ(calls_on_device_[2], 1);
  char byte = 0;
  EXPECT_TRUE(second->Read(0, &byte, 1));
  EXPECT_EQ(calls_on_device_[0], 0);
  EXPECT_EQ(calls_on_device_[1], 2);
  EXPECT_EQ(calls_on_device_[2], 2);
  EXPECT_EQ(fake_.open_drivers, 1);
}

TEST_F(GpuDirectFileTest, ReadsFromManyThreads) {
  GpuDirectFileReader reader(Options());
  RunThreads(8, [&](int thread) {
    const std::unique_ptr<DeviceFile> file = Open(reader);
    if (file == nullptr) return;
    RunThreads(2, [&](int half) {
      const std::int64_t offset = thread * 1000 + half * 333;
      std::string into(kSize / 2, 'x');
      EXPECT_TRUE(file->Read(offset, into.data(), kSize / 2));
      EXPECT_EQ(into, bytes_.substr(offset, kSize / 2));
    });
  });
  EXPECT_EQ(fake_.open_drivers, has_direct_io_ ? 1 : 0);
}

TEST_F(GpuDirectFileTest, ReadFailsAtTheEndOfTheFile) {
  GpuDirectFileReader reader(Options());
  const std::unique_ptr<DeviceFile> file = Open(reader);
  if (file == nullptr) return;
  std::string into(100, 'x');
  EXPECT_FALSE(file->Read(kSize - 99, into.data(), 100));
}

TEST_F(GpuDirectFileTest, AFileIsNotTriedAgainAfterAnError) {
  for (const ssize_t error : {ssize_t{-1}, ssize_t{-5030}}) {
    GpuDirectFileReader reader(Options());
    const std::unique_ptr<DeviceFile> file = Open(reader), other = Open(reader);
    if (file == nullptr) return;
    std::string into(100, 'x');
    fake_.reads = 0;
    fake_.most_bytes = 60;
    fake_.reads_before_error = 1;
    fake_.read_error = error;
    EXPECT_FALSE(file->Read(0, into.data(), 100));
    EXPECT_EQ(fake_.reads, 2);
    fake_.read_error = 0;
    EXPECT_FALSE(file->Read(0, into.data(), 100));
    EXPECT_EQ(fake_.reads, 2);
    EXPECT_TRUE(other->Read(0, into.data(), 100));
  }
}

TEST_F(GpuDirectFileTest, AFileThatIsRefusedIsNotOpened) {
  GpuDirectFileReader reader(Options());
  const int before = OpenDescriptors();
  fake_.register_error = 5008;
  EXPECT_EQ(reader.Open(descriptor_, Cuda(0)), nullptr);
  EXPECT_THAT(reader.Start(Cuda(0)), IsOk());
  fake_.register_error = 0;
  EXPECT_EQ(reader.Open(descriptor_, broken_device_), nullptr);
  EXPECT_EQ(OpenDescriptors(), before);
  Open(reader).reset();
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(GpuDirectFileTest, FilesInMemoryAreNotOpened) {
  const int file = memfd_create("gpu_direct_file_test", MFD_CLOEXEC);
  ASSERT_GE(file, 0);
  GpuDirectFileReader reader(Options());
  EXPECT_EQ(reader.Open(file, Cuda(0)), nullptr);
  EXPECT_EQ(fake_.open_drivers, 0);
  close(file);
}

TEST_F(GpuDirectFileTest, WithoutTheDriverNothingIsOpened) {
  GpuDirectFileReader reader(Options());
  fake_.open_error = 5001;
  EXPECT_THAT(reader.Start(Cuda(0)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cuFileDriverOpen: CUfileOpError 5001")));
  // It is not tried again.
  fake_.open_error = 0;
  EXPECT_FALSE(reader.Start(Cuda(0)).ok());
  EXPECT_EQ(reader.Open(descriptor_, Cuda(0)), nullptr);
}

TEST_F(GpuDirectFileTest, ADriverThatOthersOpenedIsUsedAndLeftOpen) {
  fake_.open_error = kCuFileDriverAlreadyOpen;
  fake_.open_drivers = 1;
  {
    GpuDirectFileReader reader(Options());
    EXPECT_THAT(reader.Start(Cuda(0)), IsOk());
    Open(reader).reset();
  }
  EXPECT_EQ(fake_.open_drivers, 1);
  fake_.open_drivers = 0;
}

TEST_F(GpuDirectFileTest, WithoutTheLibraryNothingIsOpened) {
  GpuDirectOptions options = Options();
  options.library = "libno_such_cufile.so";
  GpuDirectFileReader reader(options);
  EXPECT_THAT(reader.Start(Cuda(0)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("libno_such_cufile.so")));
  EXPECT_EQ(reader.Open(descriptor_, Cuda(0)), nullptr);
}

TEST_F(GpuDirectFileTest, WithoutTheKernelModuleTheLibraryIsNotLoaded) {
  GpuDirectOptions options = Options();
  options.use = GpuDirectUse::kWithDriver;
  options.driver_folder = "/no/such/folder";
  GpuDirectFileReader without(options);
  EXPECT_THAT(without.Start(Cuda(0)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("nvidia-fs, found no /no/such/folder")));
  EXPECT_EQ(without.Open(descriptor_, Cuda(0)), nullptr);
  options.driver_folder = testing::TempDir();
  GpuDirectFileReader with(options);
  EXPECT_THAT(with.Start(Cuda(0)), IsOk());
}

TEST_F(GpuDirectFileTest, WithoutAListOfModulesTheDriverIsNotOpened) {
  GpuDirectOptions options = Options();
  options.modules_file = "/no/such/file";
  GpuDirectFileReader reader(options);
  EXPECT_THAT(reader.Start(Cuda(0)), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/no/such/file")));
  EXPECT_EQ(reader.Open(descriptor_, Cuda(0)), nullptr);
}

TEST_F(GpuDirectFileTest, CanBeDisabled) {
  GpuDirectOptions options = Options();
  options.use = GpuDirectUse::kNever;
  GpuDirectFileReader reader(options);
  EXPECT_THAT(reader.Start(Cuda(0)), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("METACONV_GPUDIRECT")));
  EXPECT_EQ(reader.Open(descriptor_, Cuda(0)), nullptr);
}

TEST(GpuDirectUseFromEnvironment, ReadsTheVariable) {
  unsetenv("METACONV_GPUDIRECT");
  EXPECT_EQ(GpuDirectUseFromEnvironment(), GpuDirectUse::kWithDriver);
  setenv("METACONV_GPUDIRECT", "0", 1);
  EXPECT_EQ(GpuDirectUseFromEnvironment(), GpuDirectUse::kNever);
  setenv("METACONV_GPUDIRECT", "1", 1);
  EXPECT_EQ(GpuDirectUseFromEnvironment(), GpuDirectUse::kAlways);
  setenv("METACONV_GPUDIRECT", "off", 1);
  EXPECT_EQ(GpuDirectUseFromEnvironment(), GpuDirectUse::kNever);
  unsetenv("METACONV_GPUDIRECT");
}

}  // namespace
}  // namespace metaconv
