// Tests which calls the launcher makes. That the results are right is tested by storage_path_cases.cc.

#include "cuda/transfer/segment_launcher.h"

#include <cstdint>
#include <string>
#include <vector>

#include "c10/core/Device.h"
#include "c10/core/Stream.h"
#include "cuda/transfer/pinned_ring.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/host_runtime.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kLarge = SegmentLauncher::kLargeSegment;

class SegmentLauncherTest : public testing::Test {
 protected:
  ~SegmentLauncherTest() override { EXPECT_THAT(runtime_.Drain(), IsEmpty()); }

  // Segments of these sizes, within two blocks of memory.
  std::vector<Segment> Segments(const std::vector<std::uint64_t>& sizes) {
    std::uint64_t total = 1;
    for (const std::uint64_t size : sizes) total += size;
    from_ = runtime_.Allocate(stream_, static_cast<std::int64_t>(total)).value();
    into_ = runtime_.Allocate(stream_, static_cast<std::int64_t>(total)).value();
    std::vector<Segment> segments;
    std::uint64_t place = 0;
    for (const std::uint64_t size : sizes) {
      segments.push_back({.from = static_cast<char*>(from_.get()) + place,
                          .into = static_cast<char*>(into_.get()) + place,
                          .size = size});
      place += size;
    }
    calls_before_ = runtime_.calls();
    return segments;
  }
  int Calls() const { return runtime_.calls() - calls_before_; }
  void ExpectInto(std::uint64_t size, char byte) {
    ASSERT_THAT(runtime_.Synchronize(stream_), IsOk());
    EXPECT_TRUE(std::string(static_cast<char*>(into_.get()), size) == std::string(size, byte));
  }

  HostRuntime runtime_{{}};
  const c10::Stream stream_ = c10::Stream(c10::Stream::UNSAFE, c10::Device("cuda:0"), 0);
  PinnedRing ring_{runtime_, 2, 64};
  SegmentLauncher launcher_{runtime_, ring_};
  c10::DataPtr from_;
  c10::DataPtr into_;
  int calls_before_ = 0;
};

TEST_F(SegmentLauncherTest, EmptySegmentsTakeNoCall) {
  EXPECT_THAT(launcher_.Copy(stream_, {}), IsOk());
  EXPECT_THAT(launcher_.Fill(stream_, Segments({0, 0, 0}), 1), IsOk());
  EXPECT_EQ(Calls(), 0);
}

TEST_F(SegmentLauncherTest, OneSegmentIsLeftToCuda) {
  const std::vector<Segment> segments = Segments({0, 100, 0});
  // The message names the call.
  runtime_.FailAfterCalls(0);
  EXPECT_THAT(launcher_.Fill(stream_, segments, 'f'),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("injected failure of Fill")));
  runtime_.FailAfterCalls(0);
  EXPECT_THAT(launcher_.Copy(stream_, segments),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("injected failure of Copy")));
  EXPECT_THAT(launcher_.Fill(stream_, segments, 'f'), IsOk());
  EXPECT_EQ(Calls(), 3);
  ExpectInto(100, 'f');
}

TEST_F(SegmentLauncherTest, ManySegmentsTakeOneLaunchForEachThousand) {
  const std::vector<Segment> segments = Segments(std::vector<std::uint64_t>(2001, 3));
  EXPECT_THAT(launcher_.Fill(stream_, segments, 'f'), IsOk());
  EXPECT_EQ(Calls(), 3);
  EXPECT_THAT(launcher_.Copy(stream_, segments), IsOk());
  EXPECT_EQ(Calls(), 6);
  EXPECT_THAT(launcher_.Fill(stream_, segments, 'g'), IsOk());
  ExpectInto(6003, 'g');
}

TEST_F(SegmentLauncherTest, LargeSegmentsAreLeftToCuda) {
  const std::vector<Segment> segments = Segments({5, kLarge, 6, kLarge + 1, 7});
  EXPECT_THAT(launcher_.Fill(stream_, segments, 'f'), IsOk());
  EXPECT_EQ(Calls(), 3);
  ExpectInto(2 * kLarge + 19, 'f');
  runtime_.FailAfterCalls(0);
  EXPECT_THAT(launcher_.Copy(stream_, segments),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("injected failure of Copy")));
}

TEST_F(SegmentLauncherTest, SumsComeThroughBuffersOfAnySize) {
  const std::vector<Segment> segments = Segments(std::vector<std::uint64_t>(20, 8));
  EXPECT_THAT(launcher_.Fill(stream_, segments, 0), IsOk());
  std::vector<Segment> filled = segments;
  for (std::size_t i = 0; i < filled.size(); ++i) filled[i].from = segments[i].into;
  filled[3].size = 0;
  // 160 bytes of results, in buffers of 64.
  const std::vector<std::uint64_t> sums = launcher_.Sums(stream_, filled).value();
  ASSERT_EQ(sums.size(), 20u);
  EXPECT_EQ(sums[3], 0u);
  EXPECT_NE(sums[4], 0u);
  for (std::size_t i = 4; i < 20; ++i) EXPECT_EQ(sums[i], sums[4]);
}

}  // namespace
}  // namespace metaconv
