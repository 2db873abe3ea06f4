#include "converter/copy_overlap.h"

#include <cstdint>
#include <vector>

#include "c10/core/Allocator.h"
#include "c10/core/Device.h"
#include "c10/core/Storage.h"
#include "c10/core/impl/COW.h"
#include "converter/cpu_storage_path.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class CopyOverlapTest : public testing::Test {
 protected:
  // Bytes `begin` to `end` of one block of memory.
  c10::Storage Part(std::int64_t begin, std::int64_t end) {
    return c10::Storage(c10::Storage::use_byte_size_t(), static_cast<std::size_t>(end - begin),
                        c10::DataPtr(block_.data() + begin, c10::Device(c10::kCPU)), nullptr, false);
  }

  std::vector<char> block_ = std::vector<char>(1000);
};

TEST_F(CopyOverlapTest, AllowsSeparateBytes) {
  EXPECT_THAT(CheckNoOverlap({}), IsOk());
  EXPECT_THAT(CheckNoOverlap({{Part(0, 10), Part(10, 20), 1}, {Part(20, 30), Part(30, 40), 2}}), IsOk());
  EXPECT_THAT(CheckNoOverlap({{Part(30, 40), Part(20, 30), 1}, {Part(10, 20), Part(0, 10), 2}}), IsOk());
}

TEST_F(CopyOverlapTest, AllowsSourcesThatOverlap) {
  EXPECT_THAT(CheckNoOverlap({{Part(0, 100), Part(100, 200), 1}, {Part(50, 100), Part(200, 250), 2}}), IsOk());
}

TEST_F(CopyOverlapTest, AllowsEmptyStoragesAnywhere) {
  EXPECT_THAT(CheckNoOverlap({{Part(0, 100), Part(100, 200), 1}, {Part(150, 150), Part(50, 50), 2}}), IsOk());
  EXPECT_THAT(CheckNoOverlap({{Part(0, 0), Part(0, 0), 1}}), IsOk());
}

TEST_F(CopyOverlapTest, FindsTargetsThatOverlap) {
  EXPECT_THAT(
      CheckNoOverlap({{Part(0, 100), Part(200, 300), 7}, {Part(0, 100), Part(299, 399), 8}}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("storage 7 and storage 8"), HasSubstr("the target of the latter overlap on cpu"))));
  EXPECT_THAT(CheckNoOverlap({{Part(0, 100), Part(200, 300), 7}, {Part(100, 200), Part(200, 300), 8}}),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("storage 7"), HasSubstr("storage 8"))));
}

TEST_F(CopyOverlapTest, FindsTargetsThatOverlapSources) {
  // The source begins before the target, after it, and at the same byte.
  for (const std::int64_t begin : {150, 250, 200}) {
    EXPECT_THAT(CheckNoOverlap({{Part(0, 100), Part(200, 300), 7}, {Part(begin, begin + 100), Part(500, 600), 8}}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("storage 7 and storage 8"), HasSubstr("the source of the latter overlap"))));
  }
}

TEST_F(CopyOverlapTest, FindsACopyToItsOwnSource) {
  EXPECT_THAT(CheckNoOverlap({{Part(0, 100), Part(99, 199), 7}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage 7 and storage 7")));
  EXPECT_THAT(CheckNoOverlap({{Part(0, 100), Part(0, 100), 7}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage 7 and storage 7")));
}

TEST_F(CopyOverlapTest, FindsAnOverlapWithARangeThatBeganLongBefore) {
  EXPECT_THAT(CheckNoOverlap({{Part(500, 800), Part(0, 300), 1},
                              {Part(600, 610), Part(300, 310), 2},
                              {Part(610, 620), Part(310, 320), 3},
                              {Part(820, 830), Part(790, 800), 4}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage 4 and storage 1")));
}

TEST_F(CopyOverlapTest, TargetsThatAreCopiedWhenWrittenDoNotOverlapTheirSource) {
  const c10::Storage from = CpuStoragePath().Allocate(c10::kCPU, 64).value();
  const c10::Storage into(c10::impl::cow::lazy_clone_storage(*from.unsafeGetStorageImpl()));
  ASSERT_EQ(into.data(), from.data());
  EXPECT_THAT(CheckNoOverlap({{from, into, 1}}), IsOk());
}

}  // namespace
}  // namespace metaconv
