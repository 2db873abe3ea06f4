// Tests Materialize with the test double of the CUDA runtime, which detects missing synchronization, and with every
// call failing in turn.

#include "converter/materialize.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/full.h"
#include "checkpoint/checkpoint_file.h"
#include "converter/checkpoint_data.h"
#include "converter/storage_path.h"
#include "cuda/cuda_storage_path.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/test_files.h"
#include "tests/cuda/host_runtime.h"
#include "tests/cuda/materialize_cases.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using ::testing::IsEmpty;

HostRuntime& Runtime() {
  static HostRuntime& runtime = *new HostRuntime({.devices = 2, .seed = 5});
  return runtime;
}

const bool kRegistered =
    RegisterStoragePath(c10::DeviceType::CUDA, std::make_unique<CudaStoragePath>(Runtime(), CudaStoragePathOptions{}));

class HostUnderTest final : public MaterializeUnderTest {
 public:
  absl::Status WhyNot() override { return absl::OkStatus(); }
  int DeviceCount() override { return Runtime().DeviceCount().value(); }
  std::vector<std::string> Problems() override {
    std::vector<std::string> problems = Runtime().Drain();
    if (const int live = Runtime().live().device_memories; live != 0) {
      problems.push_back(std::to_string(live) + " memories are left");
    }
    return problems;
  }
};

// The tensors are on both devices. Tensors that share a storage are on one.
TEST(CudaMaterializeFailureTest, AFailureLeaksNothing) {
  const CheckpointFile file = CheckpointFile::Open(FixturePath("module.pt")).value();
  std::vector<PlacedRecord> records;
  for (const NamedTensor& tensor : file.checkpoint().tensors) {
    const auto index = static_cast<c10::DeviceIndex>(tensor.desc->storage->id % 2);
    records.push_back({tensor.desc, c10::Device(c10::DeviceType::CUDA, index)});
  }
  int failures = 0;
  for (int calls = 0;; ++calls) {
    SCOPED_TRACE(calls);
    ASSERT_LT(calls, 1000);
    const int before = Runtime().calls();
    Runtime().FailAfterCalls(calls);
    {
      const absl::StatusOr<std::vector<at::Tensor>> tensors = Materialize(records, *CheckpointData(file));
      if (!tensors.ok()) ++failures;
    }
    const bool failed = Runtime().calls() - before > calls;
    Runtime().FailAfterCalls(1 << 30);
    EXPECT_THAT(HostUnderTest().Problems(), IsEmpty());
    if (!failed) break;
    // The next call succeeds.
    EXPECT_THAT(Materialize(records, *CheckpointData(file)), IsOk());
  }
  EXPECT_GT(failures, 3);
}

TEST(CudaMaterializeCopyTest, AModelIsClonedInOneCopy) {
  constexpr int kCount = 50;
  std::vector<at::Tensor> sources;
  for (int i = 0; i < kCount; ++i) sources.push_back(at::full({10}, i));
  const c10::Device device(c10::DeviceType::CUDA, 0);
  const std::vector<at::Tensor> model = MaterializeTensors(sources, device, *CopiedData()).value();
  const int before = Runtime().calls();
  const std::vector<at::Tensor> clone = MaterializeTensors(model, device, *CopiedData()).value();
  // One allocation for each storage, and a few calls for all of them.
  EXPECT_LT(Runtime().calls() - before, kCount + 8);
  const std::vector<at::Tensor> back = MaterializeTensors(clone, at::kCPU, *CopiedData()).value();
  for (int i = 0; i < kCount; ++i) EXPECT_TRUE(back[i].equal(sources[i])) << i;
}

}  // namespace

MaterializeUnderTest& TheMaterializeUnderTest() {
  static HostUnderTest under_test;
  return under_test;
}

}  // namespace metaconv
