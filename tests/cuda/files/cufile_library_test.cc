#include "cuda/files/cufile_library.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(LoadCuFile, FindsAllFunctions) {
  const absl::StatusOr<CuFileFunctions> cufile = LoadCuFile("tests/cuda/fake_cufile/libfake_cufile.so");
  ASSERT_THAT(cufile, IsOk());
  EXPECT_EQ(cufile->driver_open().code, kCuFileSuccess);
  // The first version of the function fails.
  EXPECT_EQ(cufile->driver_close().code, kCuFileSuccess);
  CuFileHandle handle = nullptr;
  CuFileDescription description;
  EXPECT_EQ(cufile->handle_register(&handle, &description).code, 5001);
  EXPECT_LT(cufile->read(nullptr, nullptr, 0, 0, 0), 0);
  EXPECT_NE(cufile->handle_deregister, nullptr);
}

TEST(LoadCuFile, UsesTheFirstVersionOfTheLibrary) {
  const absl::StatusOr<CuFileFunctions> cufile = LoadCuFile("tests/cuda/fake_cufile/libfake_cufile_first_version.so");
  ASSERT_THAT(cufile, IsOk());
  EXPECT_EQ(cufile->driver_open().code, kCuFileSuccess);
  EXPECT_EQ(cufile->driver_close().code, kCuFileSuccess);
}

TEST(LoadCuFile, NamesWhatIsMissing) {
  EXPECT_THAT(LoadCuFile("libno_such_cufile.so"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("libno_such_cufile.so: ")));
  EXPECT_THAT(LoadCuFile("libm.so.6"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                AllOf(HasSubstr("libm.so.6: "), HasSubstr("cuFileDriverOpen"))));
}

}  // namespace
}  // namespace metaconv
