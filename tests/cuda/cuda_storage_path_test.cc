// Tests CudaStoragePath with the test double of the CUDA runtime, with many orders of work, and with every call failing
// in turn.

#include "cuda/cuda_storage_path.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/host_runtime.h"
#include "tests/cuda/storage_path_cases.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// Small limits, so that little data is packed, split and waited for many times.
constexpr CudaStoragePathOptions kTiny = {.buffers = 3, .buffer_size = 4096, .small_size = 512, .threads = 3};

class HostUnderTest final : public RuntimeUnderTest {
 public:
  // Devices can access each other's memory for every other seed.
  explicit HostUnderTest(std::uint64_t seed) : runtime_({.devices = 3, .seed = seed, .peers = seed % 2 == 1}) {}

  CudaRuntime& runtime() override { return runtime_; }
  void UseStream(c10::Device device, int number) override { runtime_.UseStream(device, number); }
  void Block(c10::Stream stream) override { runtime_.Block(stream.device(), stream.id()); }
  void Unblock(c10::Stream stream) override { runtime_.Unblock(stream.device(), stream.id()); }
  std::vector<std::string> Problems() override {
    std::vector<std::string> problems = runtime_.Drain();
    const HostRuntime::Live live = runtime_.live();
    if (live != HostRuntime::Live()) {
      problems.push_back(absl::StrCat("left behind: ", live.device_memories, " device memories, ", live.pinned_memories,
                                      " pinned memories, ", live.events, " events"));
    }
    return problems;
  }

 private:
  HostRuntime runtime_;
};

CaseParameters OnHost(std::string name, std::uint64_t seed, const CudaStoragePathOptions& options) {
  return {std::move(name), [seed] { return std::make_unique<HostUnderTest>(seed); }, options};
}

std::vector<CaseParameters> ManyOrders() {
  std::vector<CaseParameters> all = {
      OnHost("AsLateAsPossible", 0, kTiny), OnHost("DefaultOptions", 1, {}),
      OnHost("OneBuffer", 2, {.buffers = 1, .buffer_size = 4096, .small_size = 512, .threads = 4}),
      OnHost("OddBuffer", 3, {.buffers = 2, .buffer_size = 5003, .small_size = 1 << 20, .threads = 2})};
  for (std::uint64_t seed = 10; seed < 26; ++seed) all.push_back(OnHost(absl::StrCat("Seed", seed), seed, kTiny));
  return all;
}

INSTANTIATE_TEST_SUITE_P(Host, StoragePathCases, testing::ValuesIn(ManyOrders()), NameOfCase);

// Runs each operation once, on two devices. Returns the first error, or an error if a result is wrong.
absl::Status UseAll(CudaStoragePath& path) {
  std::vector<Bytes> all;
  for (const std::int64_t size : {0, 1, 100, 511, 512, 5000, 9000}) all.push_back(SomeBytes(size, size));
  std::vector<c10::Storage> first, second, third, host;
  std::vector<StorageLoad> loads;
  std::vector<StorageCopy> within, between, back;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (auto& [storages, device] : {std::pair{&first, Cuda(0)}, {&second, Cuda(0)}, {&third, Cuda(1)}}) {
      absl::StatusOr<c10::Storage> storage = path.Allocate(device, static_cast<std::int64_t>(all[i].size()));
      if (!storage.ok()) return storage.status();
      storages->push_back(*storage);
    }
    host.push_back(OnCpu(Bytes(all[i].size())));
    const int id = static_cast<int>(i);
    loads.push_back(LoadOf(first[i], all[i], id, /*in_order=*/i % 2 == 0));
    within.push_back({first[i], second[i], id});
    between.push_back({second[i], third[i], id});
    back.push_back({third[i], host[i], id});
  }
  if (absl::Status status = path.Load(loads); !status.ok()) return status;
  if (absl::Status status = path.Zero(second); !status.ok()) return status;
  if (absl::Status status = path.Copy(within); !status.ok()) return status;
  if (absl::Status status = path.Copy(between); !status.ok()) return status;
  const absl::StatusOr<std::vector<std::uint64_t>> sums = path.Checksums(third);
  if (!sums.ok()) return sums.status();
  if (absl::Status status = path.Copy(back); !status.ok()) return status;
  for (const c10::Device device : {Cuda(0), Cuda(1)}) {
    if (absl::Status status = path.Wait(device); !status.ok()) return status;
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (BytesOnCpu(host[i]) != all[i]) return absl::DataLossError(absl::StrCat("storage ", i, " is wrong"));
    if ((*sums)[i] != ChecksumOf(all[i])) return absl::DataLossError(absl::StrCat("checksum ", i, " is wrong"));
  }
  return absl::OkStatus();
}

// Lets each call or piece of work fail in turn. `arm` sets the number after which the next one fails.
void FailEverywhere(std::uint64_t seed, void (HostRuntime::*arm)(int), int (HostRuntime::*count)() const) {
  int failed = 0;
  for (int n = 0;; ++n) {
    SCOPED_TRACE(absl::StrCat("seed ", seed, ", failure ", n));
    HostRuntime runtime({.devices = 2, .seed = seed, .peers = seed % 2 == 1});
    std::optional<CudaStoragePath> path(std::in_place, runtime, kTiny);
    ASSERT_THAT(UseAll(*path), IsOk());
    const HostRuntime::Live before = runtime.live();

    const int begin = (runtime.*count)();
    (runtime.*arm)(n);
    const absl::Status status = UseAll(*path);
    if ((runtime.*count)() - begin <= n) {
      ASSERT_THAT(status, IsOk());
      break;
    }
    if (!status.ok()) {
      ++failed;
      ASSERT_FALSE(absl::IsDataLoss(status)) << status;
      ASSERT_THAT(std::string(status.message()), HasSubstr("injected"));
    }
    // Work that fails late may belong to a stream that the failing call did not use.
    for (const c10::Device device : {Cuda(0), Cuda(1)}) path->Wait(device).IgnoreError();
    ASSERT_EQ(runtime.live().device_memories, before.device_memories);
    // Those of two devices, and the replaced ones.
    ASSERT_LE(runtime.live().pinned_memories, 2 * kTiny.buffers + kTiny.buffers);
    ASSERT_THAT(UseAll(*path), IsOk());
    path.reset();
    ASSERT_THAT(runtime.Drain(), IsEmpty());
    ASSERT_EQ(runtime.live(), HostRuntime::Live());
  }
  EXPECT_GT(failed, 20);
}

TEST(CudaStoragePath, AnyCallMayFail) {
  for (const std::uint64_t seed : {0, 1, 2, 3, 4}) {
    FailEverywhere(seed, &HostRuntime::FailAfterCalls, &HostRuntime::calls);
  }
}

TEST(CudaStoragePath, AnyWorkMayFailLate) {
  for (const std::uint64_t seed : {0, 1, 2, 3, 4}) {
    FailEverywhere(seed, &HostRuntime::FailAfterWorks, &HostRuntime::works);
  }
}

TEST(CudaStoragePath, ErrorsNameTheStorageAndTheDevice) {
  HostRuntime runtime({});
  CudaStoragePath path(runtime, kTiny);
  const Bytes bytes = SomeBytes(5000, 1);
  absl::StatusOr<c10::Storage> storage = path.Allocate(Cuda(1), 5000);
  ASSERT_THAT(storage, IsOk());
  const StorageLoad load = LoadOf(*storage, bytes, 17, /*in_order=*/true);
  ASSERT_THAT(path.Load({load}), IsOk());
  // Fails after the current stream and the third buffer, at the copy.
  runtime.FailAfterCalls(2);
  EXPECT_THAT(path.Load({load}),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("cuda:1"), HasSubstr("storage 17"), HasSubstr("bytes 0 to 4096 of 5000"))));
}

TEST(CudaStoragePath, AFailedCallWaitsForItsWork) {
  // The runtime runs no work early, so work that is done when the call returns was waited for.
  HostRuntime runtime({});
  CudaStoragePath path(runtime, {.buffers = 4, .buffer_size = 4096, .small_size = 512, .threads = 1});
  const Bytes bytes = SomeBytes(9000, 1);
  const c10::Storage storage = path.Allocate(Cuda(0), 9000).value();
  StorageLoad load = LoadOf(storage, bytes, 1);
  load.read = [read = load.read](std::int64_t offset, absl::Span<char> into) {
    return offset == 8192 ? absl::DataLossError("the end is missing") : read(offset, into);
  };
  EXPECT_THAT(path.Load({load}), StatusIs(absl::StatusCode::kDataLoss, "the end is missing"));
  EXPECT_EQ(runtime.works(), 2);
  EXPECT_THAT(runtime.Drain(), IsEmpty());
  EXPECT_EQ(runtime.works(), 2);
}

TEST(CudaStoragePath, OutOfMemoryReportsTheFreeMemory) {
  HostRuntime runtime({.memory_per_device = 1000});
  CudaStoragePath path(runtime);
  absl::StatusOr<c10::Storage> storage = path.Allocate(Cuda(1), 600);
  ASSERT_THAT(storage, IsOk());
  EXPECT_THAT(path.Allocate(Cuda(1), 500), StatusIs(absl::StatusCode::kResourceExhausted,
                                                    HasSubstr("cuda:1: 500 bytes wanted, 400 of 1000 bytes free")));
  storage = c10::Storage();
  EXPECT_THAT(path.Allocate(Cuda(1), 500), IsOk());
}

TEST(CudaStoragePath, ThousandsOfSmallStoragesTakeFewCalls) {
  HostRuntime runtime({});
  CudaStoragePath path(runtime);
  std::vector<Bytes> all(10'000, Bytes(20, 'a'));
  std::vector<c10::Storage> storages;
  std::vector<StorageLoad> loads;
  for (const Bytes& bytes : all) {
    storages.push_back(path.Allocate(Cuda(0), 20).value());
    loads.push_back(LoadOf(storages.back(), bytes, 0));
  }
  int before = runtime.calls();
  ASSERT_THAT(path.Load(loads), IsOk());
  // The calls are: stream, buffer, staging memory, copy, launch, event.
  EXPECT_EQ(runtime.calls() - before, 6);
  before = runtime.calls();
  ASSERT_THAT(path.Zero(storages), IsOk());
  // The calls are: stream, and a launch for each thousand.
  EXPECT_EQ(runtime.calls() - before, 11);
}

TEST(CudaStoragePath, AllocatesManyStoragesForOneStream) {
  HostRuntime runtime({});
  CudaStoragePath path(runtime);
  std::vector<c10::Storage> storages;
  ASSERT_THAT(path.AllocateAll(Cuda(1), {100, 0, 200}, storages), IsOk());
  ASSERT_EQ(storages.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(storages[i].nbytes(), (std::vector<std::size_t>{100, 0, 200})[i]);
  for (const c10::Storage& storage : storages) EXPECT_EQ(storage.device(), Cuda(1));
  EXPECT_EQ(runtime.calls(), 3);
  // The storages before the one that failed remain.
  runtime.FailAfterCalls(2);
  storages.clear();
  EXPECT_THAT(path.AllocateAll(Cuda(1), {100, 200, 300}, storages),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("200 bytes wanted")));
  EXPECT_EQ(storages.size(), 1u);
}

TEST(CudaStoragePath, ReturnsBeforeTheWorkIsDone) {
  HostRuntime runtime({});
  CudaStoragePath path(runtime);
  const Bytes bytes = SomeBytes(1000, 1);
  const c10::Storage storage = path.Allocate(Cuda(0), 1000).value();
  ASSERT_THAT(path.Load({LoadOf(storage, bytes, 0)}), IsOk());
  ASSERT_THAT(path.Zero({storage}), IsOk());
  EXPECT_EQ(runtime.works(), 0);
  ASSERT_THAT(path.Wait(Cuda(0)), IsOk());
  EXPECT_GT(runtime.works(), 0);
}

TEST(CudaStoragePath, CopiesOnOtherStreamsNeedTheCallersEvents) {
  // Checks that the test double detects missing synchronization, so that the suite above is meaningful.
  HostRuntime runtime({});
  CudaStoragePath path(runtime);
  const Bytes bytes = SomeBytes(1000, 1);
  const c10::Storage storage = path.Allocate(Cuda(0), 1000).value();
  ASSERT_THAT(path.Load({LoadOf(storage, bytes, 0)}), IsOk());
  runtime.UseStream(Cuda(0), 1);
  ASSERT_THAT(path.Zero({storage}), IsOk());
  EXPECT_THAT(runtime.Drain(), testing::Contains(HasSubstr("with no event between")));
}

}  // namespace
}  // namespace metaconv
