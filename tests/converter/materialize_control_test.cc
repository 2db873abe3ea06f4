// Tests progress and cancellation of Materialize.

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <stop_token>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/ones.h"
#include "checkpoint/checkpoint_file.h"
#include "converter/checkpoint_data.h"
#include "converter/materialize.h"
#include "describer/meta_tensor_describer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/test_files.h"
#include "tests/testing/counting_allocator.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Tensors = std::vector<at::Tensor>;

constexpr std::int64_t kMiB = std::int64_t{1} << 20;

// Checks the calls of a progress function, and keeps their values.
class ProgressCalls {
 public:
  std::function<void(std::int64_t, std::int64_t)> Function() {
    return [this](std::int64_t done, std::int64_t total) {
      EXPECT_EQ(++running_, 1) << "calls overlap";
      EXPECT_GT(done, done_.empty() ? 0 : done_.back());
      EXPECT_LE(done, total);
      EXPECT_TRUE(done_.empty() || total == total_);
      done_.push_back(done);
      total_ = total;
      --running_;
    };
  }

  const std::vector<std::int64_t>& done() const { return done_; }
  std::int64_t total() const { return total_; }
  void ExpectComplete(std::int64_t bytes) const {
    EXPECT_EQ(total_, bytes);
    ASSERT_FALSE(done_.empty());
    EXPECT_EQ(done_.back(), bytes);
  }

 private:
  std::atomic<int> running_ = 0;
  std::vector<std::int64_t> done_;
  std::int64_t total_ = 0;
};

absl::Status FillWithOnes(const MetaStorageDesc&, std::int64_t, absl::Span<char> into) {
  std::memset(into.data(), 1, into.size());
  return absl::OkStatus();
}

class MaterializeControlTest : public ::testing::Test {
 protected:
  MetaTensorDescPtr Describe(const at::Tensor& tensor) { return describer_.DescribeTensor(tensor).value(); }
  MetaTensorDescPtr DescribeBytes(std::int64_t bytes) { return Describe(at::empty({bytes}, at::kByte)); }

  MetaTensorDescriber describer_{{.copy_data = true}};
  ProgressCalls calls_;
};

std::vector<MetaTensorDescPtr> RecordsOf(const CheckpointFile& file) {
  std::vector<MetaTensorDescPtr> records;
  for (const NamedTensor& tensor : file.checkpoint().tensors) records.push_back(tensor.desc);
  return records;
}

// --- Progress. ---

TEST_F(MaterializeControlTest, ProgressOfAFiller) {
  std::vector<MetaTensorDescPtr> records;
  for (const std::int64_t bytes : {9 * kMiB, std::int64_t{0}, std::int64_t{5}, 8 * kMiB}) {
    records.push_back(DescribeBytes(bytes));
  }
  EXPECT_THAT(Materialize(records, at::kCPU, *Filler(FillWithOnes), {.progress = calls_.Function()}), IsOk());
  calls_.ExpectComplete(17 * kMiB + 5);
  EXPECT_GT(calls_.done().size(), 1);
}

TEST_F(MaterializeControlTest, ProgressOfACheckpointCountsEachStorageOnce) {
  const CheckpointFile file = CheckpointFile::Open(FixturePath("tied.pt")).value();
  std::int64_t bytes = 0;
  for (const StorageLocation& location : file.checkpoint().storages) bytes += location.size;
  EXPECT_THAT(Materialize(RecordsOf(file), at::kCPU, *CheckpointData(file), {.progress = calls_.Function()}), IsOk());
  calls_.ExpectComplete(bytes);
}

TEST_F(MaterializeControlTest, MappedStoragesAreNotCounted) {
  const CheckpointFile file = CheckpointFile::Open(FixturePath("tied.pt")).value();
  EXPECT_THAT(
      Materialize(RecordsOf(file), at::kCPU, *CheckpointData(file, {.map = true}), {.progress = calls_.Function()}),
      IsOk());
  EXPECT_THAT(calls_.done(), IsEmpty());
}

TEST_F(MaterializeControlTest, CopiesAreReportedInBatches) {
  const std::vector<MetaTensorDescPtr> records = {DescribeBytes(3), DescribeBytes(65 * kMiB), DescribeBytes(5),
                                                  DescribeBytes(6)};
  EXPECT_THAT(Materialize(records, at::kCPU, *CopiedData(), {.progress = calls_.Function()}), IsOk());
  EXPECT_THAT(calls_.done(), ElementsAre(65 * kMiB + 3, 65 * kMiB + 14));
  EXPECT_EQ(calls_.total(), 65 * kMiB + 14);
}

TEST_F(MaterializeControlTest, OneRecordAndTensorsReportToo) {
  const at::Tensor tensor = at::ones({4});
  EXPECT_THAT(Materialize(*Describe(tensor), at::kCPU, *CopiedData(), {.progress = calls_.Function()}), IsOk());
  calls_.ExpectComplete(16);
  ProgressCalls others;
  EXPECT_THAT(MaterializeTensors({tensor, at::ones({2})}, at::kCPU, *CopiedData(), {.progress = others.Function()}),
              IsOk());
  others.ExpectComplete(24);
}

TEST_F(MaterializeControlTest, AProgressFunctionThatThrowsFailsTheCall) {
  const std::vector<MetaTensorDescPtr> records = {DescribeBytes(9 * kMiB)};
  const LoadControl control = {
      .progress = [](std::int64_t, std::int64_t) { throw std::runtime_error("the terminal is gone"); }};
  CountingAllocator allocator;
  EXPECT_THAT(Materialize(records, at::kCPU, *Filler(FillWithOnes), control),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("the terminal is gone")));
  EXPECT_EQ(allocator.live(), 0);
}

// --- Cancellation. ---

class UncalledSource final : public DataSource {
 public:
  absl::StatusOr<std::vector<c10::Storage>> MakeStorages(absl::Span<const PlacedStorage>, const LoadControl&) override {
    return absl::InternalError("the source was called");
  }
};

TEST_F(MaterializeControlTest, AStopBeforeTheCallAllocatesNothing) {
  std::stop_source stop;
  stop.request_stop();
  UncalledSource source;
  EXPECT_THAT(Materialize({Describe(at::ones({4}))}, at::kCPU, source, {.stop = stop.get_token()}),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("stopped by the caller")));
}

TEST_F(MaterializeControlTest, AStopEndsTheLoadAtItsNextPart) {
  constexpr std::int64_t kBytes = 256 * kMiB;
  const std::vector<MetaTensorDescPtr> records = {Describe(at::empty({kBytes}, at::kByte))};
  std::stop_source stop;
  std::atomic<std::int64_t> filled = 0;
  const auto fill = [&](const MetaStorageDesc&, std::int64_t, absl::Span<char> into) {
    filled += static_cast<std::int64_t>(into.size());
    stop.request_stop();
    return absl::OkStatus();
  };
  CountingAllocator allocator;
  EXPECT_THAT(Materialize(records, at::kCPU, *Filler(fill), {.stop = stop.get_token()}),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("of 268435456 bytes")));
  EXPECT_EQ(allocator.live(), 0);
  EXPECT_LT(filled, kBytes);
}

TEST_F(MaterializeControlTest, AStopThatIsNeverRequestedChangesNothing) {
  std::stop_source stop;
  const Tensors tensors =
      Materialize({Describe(at::ones({4}))}, at::kCPU, *CopiedData(), {.stop = stop.get_token()}).value();
  EXPECT_TRUE(tensors[0].equal(at::ones({4})));
}

}  // namespace
}  // namespace metaconv
