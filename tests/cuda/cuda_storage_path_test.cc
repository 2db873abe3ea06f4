// Tests CudaStoragePath with the test double of the CUDA runtime, with many orders of work, and with every call failing
// in turn.

#include "cuda/cuda_storage_path.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cuda/cuda_options.h"
#include "cuda/files/device_file.h"
#include "cuda/files/direct_file.h"
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
static_assert(kTiny.buffer_size < 2 * DirectFile::kBlockSize, "With kTiny, no file ranges are used.");

// Loads by ranges of files, of which each fits a few blocks.
constexpr CudaStoragePathOptions kFiles = {
    .buffers = 3, .buffer_size = 16384, .small_size = 512, .threads = 3, .direct_io = true, .direct_io_size = 0};

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
      OnHost("AsLateAsPossible", 0, kTiny),
      OnHost("DefaultOptions", 1, {}),
      OnHost("OneBuffer", 2, {.buffers = 1, .buffer_size = 4096, .small_size = 512, .threads = 4}),
      OnHost("OddBuffer", 3, {.buffers = 2, .buffer_size = 5003, .small_size = 1 << 20, .threads = 2}),
      OnHost("FilesAsLateAsPossible", 0, kFiles),
      OnHost("FilesWithoutDirectIo", 4,
             {.buffers = 2, .buffer_size = 8192, .small_size = 100, .threads = 4, .direct_io = false}),
      OnHost("FilesOddBuffer", 5,
             {.buffers = 5, .buffer_size = 10'007, .small_size = 100'000, .threads = 2, .direct_io_size = 0})};
  for (std::uint64_t seed = 30; seed < 36; ++seed) all.push_back(OnHost(absl::StrCat("FilesSeed", seed), seed, kFiles));
  for (std::uint64_t seed = 10; seed < 26; ++seed) all.push_back(OnHost(absl::StrCat("Seed", seed), seed, kTiny));
  return all;
}

INSTANTIATE_TEST_SUITE_P(Host, StoragePathCases, testing::ValuesIn(ManyOrders()), NameOfCase);

const std::vector<Bytes>& AllBytes() {
  static const std::vector<Bytes>& all = *new std::vector<Bytes>([] {
    std::vector<Bytes> bytes;
    for (const std::int64_t size : {0, 1, 100, 511, 512, 5000, 9000}) bytes.push_back(SomeBytes(size, size));
    return bytes;
  }());
  return all;
}

// Runs each operation once, on two devices, with pinned memory for the bytes of some storages. Returns the first error,
// or an error if a result is wrong.
absl::Status UseAll(CudaStoragePath& path, const std::vector<c10::Storage>& pinned) {
  const std::vector<Bytes>& all = AllBytes();
  static const StoragesInFile& in_file = *new StoragesInFile(testing::TempDir(), all, 10);
  std::vector<c10::Storage> first, second, third, host;
  std::vector<StorageLoad> loads;
  std::vector<StorageCopy> within, between, back, uploads;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (auto& [storages, device] : {std::pair{&first, Cuda(0)}, {&second, Cuda(0)}, {&third, Cuda(1)}}) {
      absl::StatusOr<c10::Storage> storage = path.Allocate(device, static_cast<std::int64_t>(all[i].size()));
      if (!storage.ok()) return storage.status();
      storages->push_back(*storage);
    }
    host.push_back(i % 2 == 0 ? pinned[i] : OnCpu(Bytes(all[i].size())));
    const int id = static_cast<int>(i);
    loads.push_back(LoadOf(first[i], all[i], id, /*in_order=*/i % 3 == 0));
    if (i % 3 != 0) loads.back().file = in_file.Place(i);
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
  for (std::size_t i = 0; i < all.size(); ++i) uploads.push_back({host[i], first[i], static_cast<int>(i)});
  if (absl::Status status = path.Copy(uploads); !status.ok()) return status;
  const absl::StatusOr<std::vector<std::uint64_t>> uploaded = path.Checksums(first);
  if (!uploaded.ok()) return uploaded.status();
  for (const c10::Device device : {Cuda(0), Cuda(1)}) {
    if (absl::Status status = path.Wait(device); !status.ok()) return status;
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (BytesOnCpu(host[i]) != all[i]) return absl::DataLossError(absl::StrCat("storage ", i, " is wrong"));
    for (const std::uint64_t sum : {(*sums)[i], (*uploaded)[i]}) {
      if (sum != ChecksumOf(all[i])) return absl::DataLossError(absl::StrCat("checksum ", i, " is wrong"));
    }
  }
  return absl::OkStatus();
}

// Lets each call or piece of work fail in turn. `arm` sets the number after which the next one fails.
void FailEverywhere(std::uint64_t seed, const CudaStoragePathOptions& options, void (HostRuntime::*arm)(int),
                    int (HostRuntime::*count)() const) {
  int failed = 0;
  for (int n = 0;; ++n) {
    SCOPED_TRACE(absl::StrCat("seed ", seed, ", failure ", n));
    HostRuntime runtime({.devices = 2, .seed = seed, .peers = seed % 2 == 1});
    std::optional<CudaStoragePath> path(std::in_place, runtime, options);
    std::vector<c10::Storage> pinned;
    for (const Bytes& bytes : AllBytes()) pinned.push_back(Pinned(runtime, Bytes(bytes.size())));
    ASSERT_THAT(UseAll(*path, pinned), IsOk());
    const HostRuntime::Live before = runtime.live();
    const int before_pinned = static_cast<int>(pinned.size());

    const int begin = (runtime.*count)();
    (runtime.*arm)(n);
    const absl::Status status = UseAll(*path, pinned);
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
    ASSERT_LE(runtime.live().pinned_memories, before_pinned + 3 * options.buffers);
    ASSERT_THAT(UseAll(*path, pinned), IsOk());
    path.reset();
    pinned.clear();
    ASSERT_THAT(runtime.Drain(), IsEmpty());
    ASSERT_EQ(runtime.live(), HostRuntime::Live());
  }
  EXPECT_GT(failed, 20);
}

TEST(CudaStoragePath, AnyCallMayFail) {
  for (const std::uint64_t seed : {0, 1, 2, 3, 4}) {
    FailEverywhere(seed, seed % 2 == 0 ? kTiny : kFiles, &HostRuntime::FailAfterCalls, &HostRuntime::calls);
  }
}

TEST(CudaStoragePath, AnyWorkMayFailLate) {
  for (const std::uint64_t seed : {0, 1, 2, 3, 4}) {
    FailEverywhere(seed, seed % 2 == 0 ? kTiny : kFiles, &HostRuntime::FailAfterWorks, &HostRuntime::works);
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

TEST(CudaStoragePath, ManySmallStoragesOfAFileAreReadInFewRanges) {
  HostRuntime runtime({});
  CudaStoragePath path(runtime);
  const std::vector<Bytes> all(10'000, Bytes(1000, 'a'));
  const StoragesInFile in_file("/dev/shm", all, 24);
  const auto unused = [](std::int64_t, absl::Span<char>) { return absl::InternalError("read one by one"); };
  std::vector<c10::Storage> storages;
  std::vector<StorageLoad> loads;
  for (std::size_t i = 0; i < all.size(); ++i) {
    storages.push_back(path.Allocate(Cuda(0), 1000).value());
    loads.push_back({.into = storages.back(), .read = unused, .file = in_file.Place(i)});
  }
  const int before = runtime.works();
  ASSERT_THAT(path.Load(loads), IsOk());
  ASSERT_THAT(path.Wait(Cuda(0)), IsOk());
  // Three ranges, each with a copy and a kernel.
  EXPECT_EQ(runtime.works() - before, 6);
}

TEST(CudaStoragePath, APinnedStorageIsCopiedAtOnce) {
  HostRuntime runtime({});
  CudaStoragePath path(runtime, kTiny);
  const Bytes bytes = SomeBytes(1'000'000, 1);
  const c10::Storage on_device = path.Allocate(Cuda(0), 1'000'000).value();
  const c10::Storage pinned = Pinned(runtime, bytes);
  ASSERT_THAT(path.Copy({{.from = pinned, .into = on_device}}), IsOk());
  EXPECT_EQ(runtime.works(), 1);
  ASSERT_THAT(path.Copy({{.from = on_device, .into = pinned}}), IsOk());
  EXPECT_EQ(runtime.works(), 2);
  // No buffer of the path was used.
  EXPECT_EQ(runtime.live().pinned_memories, 1);
}

TEST(CudaStoragePath, ALoadStopsAtItsNextPart) {
  HostRuntime runtime({});
  CudaStoragePath path(runtime, {.buffers = 4, .buffer_size = 4096, .small_size = 512, .threads = 2});
  const Bytes bytes = SomeBytes(40 * 4096, 1);
  const c10::Storage storage = path.Allocate(Cuda(0), 40 * 4096).value();
  std::stop_source stop;
  std::int64_t reported = 0;
  const auto progress = [&](std::int64_t done, std::int64_t) {
    reported = done;
    stop.request_stop();
  };
  EXPECT_THAT(path.Load({LoadOf(storage, bytes, 1)}, {.progress = progress, .stop = stop.get_token()}),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("stopped")));
  EXPECT_GE(reported, 4096);
  EXPECT_LT(reported, 40 * 4096);
  // What was started is done.
  const int works = runtime.works();
  EXPECT_THAT(runtime.Drain(), IsEmpty());
  EXPECT_EQ(runtime.works(), works);
}

TEST(CudaStoragePath, AStreamThatWaitsDoesNotStopUploadsOfOthers) {
  // Uploads of two streams use different streams, so neither waits for the work of the other.
  HostRuntime runtime({});
  CudaStoragePath path(runtime, {.buffers = 16, .buffer_size = 4096, .small_size = 512, .threads = 2});
  const Bytes bytes = SomeBytes(20'000, 1);
  const c10::Storage first = path.Allocate(Cuda(0), 20'000).value();
  ASSERT_THAT(path.Zero({first}), IsOk());
  const int zeroing = runtime.works();
  runtime.UseStream(Cuda(0), 1);
  const c10::Storage second = path.Allocate(Cuda(0), 20'000).value();
  ASSERT_THAT(path.Load({LoadOf(second, bytes, 1)}), IsOk());
  ASSERT_THAT(path.Wait(Cuda(0)), IsOk());
  EXPECT_EQ(runtime.works(), zeroing + 5);
}

TEST(CudaStoragePath, RefusesMoreThanThereIsRoomFor) {
  HostRuntime runtime({.memory_per_device = 1000});
  CudaStoragePath path(runtime);
  const c10::Storage storage = path.Allocate(Cuda(1), 600).value();
  EXPECT_THAT(path.CheckRoom(Cuda(1), 400), IsOk());
  EXPECT_THAT(path.CheckRoom(Cuda(0), 1000), IsOk());
  EXPECT_THAT(path.CheckRoom(Cuda(1), 401),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       "cuda:1: 401 bytes wanted, 400 of 1000 bytes free, and 0 cached by the allocator"));
  // What is not known is not refused.
  runtime.FailAfterCalls(0);
  EXPECT_THAT(path.CheckRoom(Cuda(1), 401), IsOk());
}

// Writes the content of a file into the memory of the test double, which is host memory. It does not read the file, so
// that the page cache remains as it is.
class HostFileReader final : public DeviceFileReader {
 public:
  // Reads from the offset `failing` on fail. If it is negative, Open returns null.
  HostFileReader(const StoragesInFile& in_file, std::int64_t failing)
      : content_(in_file.content()), failing_(failing) {}

  std::unique_ptr<DeviceFile> Open(int, c10::Device) override {
    return failing_ < 0 ? nullptr : std::make_unique<File>(*this);
  }

  std::int64_t bytes() const { return bytes_; }

 private:
  class File final : public DeviceFile {
   public:
    explicit File(HostFileReader& reader) : reader_(reader) {}
    bool Read(std::int64_t offset, char* device_data, std::int64_t size) override {
      if (offset >= reader_.failing_) {
        std::fill_n(device_data, size, 'f');
        return false;
      }
      reader_.bytes_ += size;
      std::copy_n(reader_.content_.begin() + offset, size, device_data);
      return true;
    }

   private:
    HostFileReader& reader_;
  };

  const Bytes& content_;
  const std::int64_t failing_;
  std::atomic<std::int64_t> bytes_ = 0;
};

// Loads two large storages and a small one by `reader`, and returns how many bytes it has read.
std::int64_t LoadBy(HostFileReader& reader, const StoragesInFile& in_file, const std::vector<Bytes>& all) {
  HostRuntime runtime({});
  CudaStoragePath path(runtime, kFiles, &reader);
  std::vector<c10::Storage> storages;
  std::vector<StorageLoad> loads;
  for (std::size_t i = 0; i < all.size(); ++i) {
    storages.push_back(path.Allocate(Cuda(0), static_cast<std::int64_t>(all[i].size())).value());
    loads.push_back(LoadOf(storages[i], all[i], static_cast<int>(i)));
    loads[i].file = in_file.Place(i);
  }
  // If a read does not wait for this, its bytes are lost.
  EXPECT_THAT(path.Zero(storages), IsOk());
  EXPECT_THAT(path.Load(loads), IsOk());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(*ReadBack(runtime, storages[i]), all[i]) << i;
  EXPECT_THAT(runtime.Drain(), IsEmpty());
  return reader.bytes();
}

TEST(CudaStoragePath, LargeRangesAreReadIntoDeviceMemory) {
  const std::vector<Bytes> all = {SomeBytes(200'000, 1), SomeBytes(100, 2), SomeBytes(100, 3), SomeBytes(300'000, 4)};
  const StoragesInFile in_file(testing::TempDir(), all, 20'000);
  in_file.file().DropCache();
  HostFileReader reader(in_file, 1 << 20);
  // Only what is not in the page cache, from which the kernel may not have dropped the file, is read in this way.
  const bool is_cached = DirectFile(in_file.file().descriptor(), false).IsCached(0, 500'000);
  const std::int64_t bytes = LoadBy(reader, in_file, all);
  EXPECT_EQ(bytes > 0, !is_cached);
  // The two small storages are packed, with the blocks around them.
  EXPECT_LE(bytes, 500'000);
  if (!is_cached) {
    EXPECT_GT(bytes, 400'000);
  }
}

TEST(CudaStoragePath, WhatCannotBeReadIntoDeviceMemoryIsReadIntoBuffers) {
  const std::vector<Bytes> all = {SomeBytes(200'000, 1), SomeBytes(100, 2), SomeBytes(300'000, 3)};
  const StoragesInFile in_file(testing::TempDir(), all, 20'000);
  in_file.file().DropCache();
  HostFileReader refusing(in_file, -1), failing(in_file, 300'000), useless(in_file, 0);
  EXPECT_EQ(LoadBy(refusing, in_file, all), 0);
  EXPECT_LE(LoadBy(failing, in_file, all), 300'000);
  EXPECT_EQ(LoadBy(useless, in_file, all), 0);
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
