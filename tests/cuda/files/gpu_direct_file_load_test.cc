// Tests that CudaStoragePath loads files by GpuDirectFileReader and, wherever libcufile fails, in the ordinary way: on
// test doubles of the CUDA runtime and of libcufile.

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cuda/cuda_options.h"
#include "cuda/cuda_storage_path.h"
#include "cuda/files/gpu_direct_file.h"
#include "cuda/files/page_cache.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/fake_cufile/fake_cufile.h"
#include "tests/cuda/host_runtime.h"
#include "tests/cuda/storage_path_cases.h"
#include "tests/cuda/temporary_file.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::IsEmpty;

constexpr char kLibrary[] = "tests/cuda/fake_cufile/libfake_cufile.so";
constexpr std::int64_t kSizes[] = {300'000, 1, 100'000, 70'001};
// Where the first storage begins in the file.
constexpr std::int64_t kStart = 100;

FakeCuFile& TheFake() {
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  return *reinterpret_cast<TheFakeCuFileFunction*>(dlsym(library, "TheFakeCuFile"))();
}

class GpuDirectLoadTest : public testing::Test {
 protected:
  GpuDirectLoadTest() : bytes_(SomeBytes(500'000, 1)), file_(bytes_) {
    fake_.open_error = 0;
    fake_.register_error = 0;
    fake_.read_error = 0;
    fake_.reads_before_error = 0;
    fake_.most_bytes = ssize_t{1} << 40;
    fake_.reads = 0;
  }

  // Whether libcufile can be expected to read the file: its file system has direct I/O and is not in memory, and the
  // kernel has dropped the content from the page cache.
  bool CanBeDirect() const {
    const int direct = open(absl::StrCat("/proc/self/fd/", file_.descriptor()).c_str(), O_RDONLY | O_DIRECT);
    if (direct >= 0) close(direct);
    return direct >= 0 && CachedBytes(file_.descriptor(), 0, static_cast<std::int64_t>(bytes_.size())) == 0;
  }

  // Loads the storages and compares their bytes.
  void ExpectLoads() {
    HostRuntime runtime({.seed = 3});
    GpuDirectFileReader reader({.use = GpuDirectUse::kAlways,
                                .on_device = [](c10::Device, absl::FunctionRef<absl::Status()> call) { return call(); },
                                .library = kLibrary,
                                .modules_file = "/proc/self/stat"});
    CudaStoragePath path(
        runtime, {.buffers = 4, .buffer_size = 65'536, .small_size = 1000, .threads = 3, .direct_io_size = 1}, &reader);
    std::vector<StorageLoad> loads;
    std::vector<Bytes> expected;
    expected.reserve(std::size(kSizes));  // The loads refer to its elements.
    std::int64_t offset = kStart;
    for (const std::int64_t size : kSizes) {
      expected.emplace_back(bytes_.begin() + offset, bytes_.begin() + offset + size);
      const absl::StatusOr<c10::Storage> storage = path.Allocate(Cuda(0), size);
      ASSERT_THAT(storage, IsOk());
      loads.push_back(LoadOf(*storage, expected.back(), static_cast<MetaStorageId>(loads.size())));
      loads.back().file = FilePlace{.descriptor = file_.descriptor(), .offset = offset};
      offset += size;
    }
    ASSERT_THAT(path.Load(loads), IsOk());
    for (std::size_t i = 0; i < loads.size(); ++i) {
      const absl::StatusOr<Bytes> found = ReadBack(runtime, loads[i].into);
      ASSERT_THAT(found, IsOk());
      EXPECT_TRUE(*found == expected[i]) << "storage " << i;
    }
    loads.clear();
    EXPECT_THAT(runtime.Drain(), IsEmpty());
  }

  FakeCuFile& fake_ = TheFake();
  const Bytes bytes_;
  const TemporaryFile file_;
};

TEST_F(GpuDirectLoadTest, LoadsByLibcufile) {
  file_.DropCache();
  const bool can_be_direct = CanBeDirect();
  ExpectLoads();
  EXPECT_EQ(fake_.reads > 0, can_be_direct);
}

TEST_F(GpuDirectLoadTest, LoadsWithIncompleteReads) {
  file_.DropCache();
  fake_.most_bytes = 1001;
  ExpectLoads();
}

TEST_F(GpuDirectLoadTest, LoadsInTheOrdinaryWayAfterAnError) {
  for (const auto set :
       {+[](FakeCuFile& fake) { fake.open_error = 5001; }, +[](FakeCuFile& fake) { fake.register_error = 5008; },
        +[](FakeCuFile& fake) { fake.read_error = -5030; },
        +[](FakeCuFile& fake) {
          fake.read_error = -1;
          fake.reads_before_error = 3;
        }}) {
    file_.DropCache();
    fake_.open_error = 0;
    fake_.register_error = 0;
    fake_.read_error = 0;
    fake_.reads_before_error = 0;
    fake_.reads = 0;
    set(fake_);
    ExpectLoads();
    EXPECT_EQ(fake_.handles, 0);
    EXPECT_EQ(fake_.open_drivers, 0);
  }
}

}  // namespace

// Only the functions of the suite are used here.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoragePathCases);

}  // namespace metaconv
