// Tests which calls copies between devices make, and their errors. That the results are right in every order of work is
// tested by storage_path_cases.cc.

#include "cuda/transfer/peer_transfer.h"

#include <cstdint>
#include <cstring>
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

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class PeerTransferTest : public testing::TestWithParam<bool> {
 protected:
  ~PeerTransferTest() override { EXPECT_THAT(runtime_.Drain(), IsEmpty()); }

  // Copies of these sizes, with ids from 10 on. The source has the byte 's'.
  std::vector<PeerCopy> Copies(const std::vector<std::uint64_t>& sizes) {
    std::uint64_t total = 1;
    for (const std::uint64_t size : sizes) total += size;
    source_ = runtime_.Allocate(from_, static_cast<std::int64_t>(total)).value();
    target_ = runtime_.Allocate(into_, static_cast<std::int64_t>(total)).value();
    EXPECT_THAT(runtime_.Fill(source_.get(), 's', static_cast<std::int64_t>(total), from_), IsOk());
    EXPECT_THAT(runtime_.Fill(target_.get(), 't', static_cast<std::int64_t>(total), into_), IsOk());
    std::vector<PeerCopy> copies;
    std::uint64_t place = 0;
    for (const std::uint64_t size : sizes) {
      copies.push_back({.segment = {.from = static_cast<char*>(source_.get()) + place,
                                    .into = static_cast<char*>(target_.get()) + place,
                                    .size = size},
                        .id = 10 + static_cast<MetaStorageId>(copies.size())});
      place += size;
    }
    calls_before_ = runtime_.calls();
    return copies;
  }
  int Calls() const { return runtime_.calls() - calls_before_; }
  void ExpectTarget(std::size_t copied) {
    ASSERT_THAT(runtime_.Synchronize(into_), IsOk());
    EXPECT_EQ(std::string(static_cast<char*>(target_.get()), copied + 1), std::string(copied, 's') + 't');
  }

  HostRuntime runtime_{{.peers = GetParam()}};
  const c10::Stream from_ = c10::Stream(c10::Stream::UNSAFE, c10::Device("cuda:0"), 0);
  const c10::Stream into_ = c10::Stream(c10::Stream::UNSAFE, c10::Device("cuda:1"), 0);
  PinnedRing ring_{runtime_, 2, 64};
  SegmentLauncher launcher_{runtime_, ring_};
  PeerTransfer transfer_{runtime_, launcher_, {.small_size = 100, .staging_size = 256}};
  c10::DataPtr source_;
  c10::DataPtr target_;
  int calls_before_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Peers, PeerTransferTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Accessible" : "NotAccessible"; });

TEST_P(PeerTransferTest, NothingToCopyStartsNothing) {
  EXPECT_THAT(transfer_.Copy(from_, into_, Copies({0, 0})), IsOk());
  EXPECT_EQ(runtime_.calls() - calls_before_, 1);  // EnablePeerAccess
  ExpectTarget(0);
}

TEST_P(PeerTransferTest, LargeAndSingleRangesAreCopiedByCuda) {
  EXPECT_THAT(transfer_.Copy(from_, into_, Copies({100, 200, 1})), IsOk());
  // The calls are: access, two events and waits, and three copies.
  EXPECT_EQ(Calls(), 1 + 4 + 3);
  ExpectTarget(301);
}

TEST_P(PeerTransferTest, SmallRangesAreCopiedTogether) {
  EXPECT_THAT(transfer_.Copy(from_, into_, Copies(std::vector<std::uint64_t>(16, 15))), IsOk());
  // The calls are: access, two events and waits, and either one launch, or two allocations, two launches and one copy.
  EXPECT_EQ(Calls(), GetParam() ? 1 + 4 + 1 : 1 + 4 + 2 + 2 + 1);
  ExpectTarget(240);
}

TEST_P(PeerTransferTest, StagingMemoryIsLimited) {
  // Three batches of 2 ranges, and one of a single range, which CUDA copies.
  EXPECT_THAT(transfer_.Copy(from_, into_, Copies({99, 99, 99, 99, 99, 99, 99})), IsOk());
  EXPECT_EQ(Calls(), GetParam() ? 1 + 4 + 1 : 1 + 4 * (4 + 2 + 2 + 1));
  ExpectTarget(693);
  EXPECT_EQ(runtime_.live().device_memories, 2);
}

TEST_P(PeerTransferTest, LaterWorkOfBothStreamsMayChangeTheBytes) {
  const std::vector<PeerCopy> copies = Copies({10, 20, 150});
  ASSERT_THAT(transfer_.Copy(from_, into_, copies), IsOk());
  ASSERT_THAT(runtime_.Fill(source_.get(), 'x', 180, from_), IsOk());
  ASSERT_THAT(runtime_.Fill(target_.get(), 's', 5, into_), IsOk());
  ExpectTarget(180);
}

TEST_P(PeerTransferTest, ErrorsNameTheDevicesAndTheStorages) {
  const std::vector<PeerCopy> copies = Copies({10, 20, 150});
  runtime_.FailAfterCalls(0);
  EXPECT_THAT(transfer_.Copy(from_, into_, copies),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("cuda:0 to cuda:1: injected failure of EnablePeer")));
  std::vector<std::string> messages;
  int failures = 0;
  for (int calls = 1;; ++calls) {
    runtime_.FailAfterCalls(calls);
    const int before = runtime_.calls();
    const absl::Status status = transfer_.Copy(from_, into_, copies);
    if (runtime_.calls() - before <= calls) break;
    ++failures;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("cuda:0 to cuda:1"), HasSubstr("injected")));
    messages.emplace_back(status.message());
    // Frees nothing too early: the test double would report it.
    EXPECT_EQ(runtime_.live().device_memories, 2);
    ASSERT_THAT(runtime_.Synchronize(from_), IsOk());
    ASSERT_THAT(runtime_.Synchronize(into_), IsOk());
  }
  runtime_.FailAfterCalls(1 << 20);
  EXPECT_EQ(failures, GetParam() ? 6 : 9 + 5);
  EXPECT_THAT(messages, testing::Contains(HasSubstr("2 small storages of 30 bytes, storage 10 to storage 11: ")));
  EXPECT_THAT(messages, testing::Contains(HasSubstr("storage 12, 150 bytes: ")));
}

}  // namespace
}  // namespace metaconv
