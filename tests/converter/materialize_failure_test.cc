// Tests that a failure to create real tensors leaves nothing behind, wherever it occurs.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/ones.h"
#include "checkpoint/checkpoint_file.h"
#include "converter/checkpoint_data.h"
#include "converter/materialize.h"
#include "converter/meta_converter.h"
#include "converter/real_data.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/counting_allocator.h"
#include "tests/testing/kind_samples.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::HasSubstr;

// Runs `make` repeatedly, letting its first, second, ... allocation fail, until no more allocations are left. Each run
// must return an error if it needs the allocation, and must hold no memory afterwards.
template <typename Make>
void FailAtEachAllocation(CountingAllocator& allocator, const Make& make) {
  const int live_before = allocator.live();
  int failures = 0;
  for (int number = 1;; ++number) {
    SCOPED_TRACE(number);
    ASSERT_LT(number, 1000);
    allocator.FailAt(number);
    const absl::Status status = make();
    const bool failed = allocator.calls() >= number;
    allocator.FailAt(0);
    EXPECT_EQ(allocator.live(), live_before);
    if (!failed) {
      EXPECT_THAT(status, IsOk());
      EXPECT_GT(failures, 0);
      return;
    }
    if (!status.ok()) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("")));
      ++failures;
    }
    // The next call succeeds.
    EXPECT_THAT(make(), IsOk());
  }
}

std::vector<MetaTensorDescPtr> RecordsOf(const CheckpointFile& file) {
  std::vector<MetaTensorDescPtr> records;
  for (const NamedTensor& tensor : file.checkpoint().tensors) records.push_back(tensor.desc);
  return records;
}

TEST(MaterializeFailureTest, ACheckpointIsLoadedWholeOrNotAtAll) {
  CountingAllocator allocator;
  const CheckpointFile file = CheckpointFile::Open(FixturePath("sparse.pt"), {.sparse_parts = true}).value();
  FailAtEachAllocation(allocator,
                       [&] { return Materialize(RecordsOf(file), at::kCPU, *CheckpointData(file)).status(); });
}

TEST(MaterializeFailureTest, EveryKindIsCopiedCompletelyOrNotAtAll) {
  for (const KindSample& kind : KindSamples()) {
    if (kind.needs_levels) continue;  // The tensors that they wrap are tested by the other kinds.
    SCOPED_TRACE(kind.name);
    const MadeSample sample = kind.make();
    CountingAllocator allocator;
    FailAtEachAllocation(allocator,
                         [&] { return MaterializeTensors({sample.tensor}, at::kCPU, *CopiedData()).status(); });
  }
}

TEST(MaterializeFailureTest, AConverterRemainsUsableAfterAFailedCopy) {
  const at::Tensor base = at::ones({100});
  const at::Tensor coo = at::eye(3).to_sparse();
  MetaConverter converter({.describer = {.copy_data = true}});
  CountingAllocator allocator;
  for (const at::Tensor& source : {base, base.slice(0, 2, 5), coo}) {
    FailAtEachAllocation(allocator, [&] {
      const absl::StatusOr<at::Tensor> result = converter.Convert(source);
      return result.ok() ? RealTensor(*result).status() : result.status();
    });
  }
}

TEST(MaterializeFailureTest, AReadThatFailsAnywhere) {
  CountingAllocator allocator;
  const CheckpointFile file = CheckpointFile::Open(FixturePath("module.pt")).value();
  const std::vector<MetaTensorDescPtr> records = RecordsOf(file);
  for (int number = 1;; ++number) {
    SCOPED_TRACE(number);
    std::atomic<int> calls = 0;
    const auto fill = [&](const MetaStorageDesc&, std::int64_t, absl::Span<char>) {
      return ++calls == number ? absl::DataLossError("gone") : absl::OkStatus();
    };
    const absl::Status status = Materialize(records, at::kCPU, *Filler(fill)).status();
    EXPECT_EQ(allocator.live(), 0);
    if (status.ok()) {
      EXPECT_LT(calls, number);
      EXPECT_GT(number, 3);
      return;
    }
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss, "gone"));
  }
}

// Stops the call at its first, second, ... report of progress, until there are no more reports. Each stopped call must
// hold no memory afterwards.
template <typename Make>
void StopAtEachReport(CountingAllocator& allocator, const Make& make) {
  for (int number = 1;; ++number) {
    SCOPED_TRACE(number);
    ASSERT_LT(number, 1000);
    std::stop_source stop;
    int reports = 0;
    const LoadControl control = {.progress =
                                     [&](std::int64_t, std::int64_t) {
                                       if (++reports == number) stop.request_stop();
                                     },
                                 .stop = stop.get_token()};
    const absl::Status status = make(control);
    EXPECT_EQ(allocator.live(), 0);
    if (reports < number) {
      EXPECT_THAT(status, IsOk());
      EXPECT_GT(number, 1);
      return;
    }
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled, HasSubstr("stopped by the caller")));
  }
}

TEST(MaterializeFailureTest, AStopAnywhere) {
  const CheckpointFile file = CheckpointFile::Open(FixturePath("sparse.pt"), {.sparse_parts = true}).value();
  const CheckpointFile dense = CheckpointFile::Open(FixturePath("module.pt")).value();
  const auto fill = [](const MetaStorageDesc&, std::int64_t, absl::Span<char> into) {
    std::fill(into.begin(), into.end(), '\0');
    return absl::OkStatus();
  };
  MetaTensorDescriber describer({.copy_data = true});
  const MetaTensorDescPtr with_data = describer.DescribeTensor(at::ones({100})).value();
  CountingAllocator allocator;
  StopAtEachReport(allocator, [&](const LoadControl& control) {
    return Materialize(RecordsOf(file), at::kCPU, *CheckpointData(file), control).status();
  });
  StopAtEachReport(allocator, [&](const LoadControl& control) {
    return Materialize(RecordsOf(dense), at::kCPU, *Filler(fill), control).status();
  });
  StopAtEachReport(allocator, [&](const LoadControl& control) {
    return Materialize({with_data}, at::kCPU, *CopiedData(), control).status();
  });
}

TEST(MaterializeFailureTest, EachByteIsInMemoryOnce) {
  CountingAllocator allocator;
  const CheckpointFile file = CheckpointFile::Open(FixturePath("module.pt")).value();
  std::int64_t wanted = 0;
  for (const StorageLocation& location : file.checkpoint().storages) wanted += location.size;
  const std::vector<at::Tensor> tensors = Materialize(RecordsOf(file), at::kCPU, *CheckpointData(file)).value();
  EXPECT_EQ(static_cast<std::int64_t>(allocator.live_bytes()), wanted);
}

}  // namespace
}  // namespace metaconv
