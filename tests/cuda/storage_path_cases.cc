#include "tests/cuda/storage_path_cases.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "c10/core/CPUAllocator.h"
#include "converter/checksum.h"
#include "gmock/gmock.h"
#include "tests/cuda/require_gpu.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// Sizes close to the limits for splitting and packing.
std::vector<Bytes> ManySizes(const CudaStoragePathOptions& options, std::uint64_t seed) {
  std::vector<std::int64_t> sizes = {0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 255, 256, 1000, 4096, 100'003};
  for (const std::int64_t limit : {options.small_size, options.buffer_size, 2 * options.buffer_size}) {
    for (const std::int64_t size : {limit - 1, limit, limit + 1}) sizes.push_back(size);
  }
  for (int i = 0; i < 40; ++i) sizes.push_back(static_cast<std::int64_t>(MixBits(seed + i) % 700));
  std::vector<Bytes> all;
  for (const std::int64_t size : sizes) all.push_back(SomeBytes(size, ++seed));
  return all;
}

// A storage that uses a part of another storage, with any alignment.
c10::Storage Part(const c10::Storage& storage, std::int64_t offset, std::int64_t size) {
  char* data = static_cast<char*>(storage.mutable_data()) + offset;
  return c10::Storage(c10::Storage::use_byte_size_t(), static_cast<std::size_t>(size),
                      c10::DataPtr(data, storage.device()), nullptr, false);
}

std::vector<Bytes> Zeros(const std::vector<Bytes>& all) {
  std::vector<Bytes> zeros;
  for (const Bytes& bytes : all) zeros.emplace_back(bytes.size());
  return zeros;
}

}  // namespace

StoragesInFile::StoragesInFile(const std::string& folder, const std::vector<Bytes>& all, std::int64_t gap) {
  content_.resize(77);
  for (const Bytes& bytes : all) {
    offsets_.push_back(static_cast<std::int64_t>(content_.size()));
    content_.insert(content_.end(), bytes.begin(), bytes.end());
    content_.insert(content_.end(), static_cast<std::size_t>(gap), 'g');
  }
  file_.emplace(folder, content_);
}

c10::Storage Pinned(CudaRuntime& runtime, const Bytes& bytes) {
  if (bytes.empty()) return OnCpu(bytes);
  absl::StatusOr<PinnedMemory> memory = runtime.AllocatePinned(Cuda(0), static_cast<std::int64_t>(bytes.size()));
  if (!memory.ok()) return OnCpu(bytes);
  auto* owner = new PinnedMemory(*std::move(memory));
  std::memcpy(owner->get(), bytes.data(), bytes.size());
  return c10::Storage(c10::Storage::use_byte_size_t(), bytes.size(),
                      c10::DataPtr(
                          owner->get(), owner, [](void* context) { delete static_cast<PinnedMemory*>(context); },
                          c10::Device(c10::DeviceType::CPU)),
                      nullptr, false);
}

Bytes SomeBytes(std::int64_t size, std::uint64_t seed) {
  Bytes bytes(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(MixBits(seed * 0x10001 + i));
  return bytes;
}

c10::Storage OnCpu(const Bytes& bytes) {
  c10::Allocator* allocator = c10::GetCPUAllocator();
  c10::Storage storage(c10::Storage::use_byte_size_t(), bytes.size(), allocator->allocate(bytes.size()), allocator,
                       true);
  if (!bytes.empty()) std::memcpy(storage.mutable_data(), bytes.data(), bytes.size());
  return storage;
}

Bytes BytesOnCpu(const c10::Storage& storage) {
  const char* data = static_cast<const char*>(storage.data());
  return Bytes(data, data + storage.nbytes());
}

std::uint64_t ChecksumOf(const Bytes& bytes) {
  std::uint64_t sum = ChecksumOfLength(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, std::min<std::size_t>(8, bytes.size() - i));
    sum += ChecksumTerm(word, i / 8);
  }
  return sum;
}

StorageLoad LoadOf(const c10::Storage& into, const Bytes& bytes, MetaStorageId id, bool in_order) {
  return {.into = into,
          .id = id,
          .read =
              [&bytes](std::int64_t offset, absl::Span<char> to) {
                if (offset < 0 || offset + to.size() > bytes.size()) return absl::OutOfRangeError("beyond the end");
                std::memcpy(to.data(), bytes.data() + offset, to.size());
                return absl::OkStatus();
              },
          .in_order = in_order};
}

absl::StatusOr<Bytes> ReadBack(CudaRuntime& runtime, const c10::Storage& storage) {
  Bytes bytes(storage.nbytes());
  if (bytes.empty()) return bytes;
  const absl::StatusOr<c10::Stream> stream = runtime.CurrentStream(storage.device());
  if (!stream.ok()) return stream.status();
  const auto size = static_cast<std::int64_t>(bytes.size());
  const absl::StatusOr<PinnedMemory> pinned = runtime.AllocatePinned(storage.device(), size);
  if (!pinned.ok()) return pinned.status();
  absl::Status status = runtime.Copy(pinned->get(), storage.data(), size, *stream);
  status.Update(runtime.Synchronize(*stream));
  if (!status.ok()) return status;
  std::memcpy(bytes.data(), pinned->get(), bytes.size());
  return bytes;
}

void StoragePathCases::SetUp() {
  absl::StatusOr<std::unique_ptr<RuntimeUnderTest>> made = GetParam().make();
  if (!RequireGpu(made.status())) return;
  under_test_ = *std::move(made);
  path_ = std::make_unique<CudaStoragePath>(under_test_->runtime(), GetParam().options);
}

void StoragePathCases::TearDown() {
  path_ = nullptr;
  if (under_test_ != nullptr) {
    EXPECT_THAT(under_test_->Problems(), IsEmpty());
  }
}

std::vector<c10::Storage> StoragePathCases::Allocated(const std::vector<Bytes>& all, c10::Device device) {
  std::vector<c10::Storage> storages;
  for (const Bytes& bytes : all) {
    absl::StatusOr<c10::Storage> storage = path().Allocate(device, static_cast<std::int64_t>(bytes.size()));
    EXPECT_THAT(storage, IsOk());
    storages.push_back(storage.value_or(c10::Storage()));
  }
  return storages;
}

std::vector<c10::Storage> StoragePathCases::Loaded(const std::vector<Bytes>& all, c10::Device device) {
  std::vector<c10::Storage> storages = Allocated(all, device);
  std::vector<StorageLoad> loads;
  for (std::size_t i = 0; i < all.size(); ++i) loads.push_back(LoadOf(storages[i], all[i], static_cast<int>(i)));
  EXPECT_THAT(path().Load(loads), IsOk());
  return storages;
}

void StoragePathCases::ExpectBytes(const std::vector<c10::Storage>& storages, const std::vector<Bytes>& expected) {
  ASSERT_EQ(storages.size(), expected.size());
  for (std::size_t i = 0; i < storages.size(); ++i) {
    const absl::StatusOr<Bytes> found = ReadBack(runtime(), storages[i]);
    ASSERT_THAT(found, IsOk());
    EXPECT_TRUE(*found == expected[i]) << "storage " << i << " of " << expected[i].size() << " bytes";
  }
}

TEST_P(StoragePathCases, Allocates) {
  for (const std::int64_t size : {0, 1, 100, 5'000'000}) {
    const absl::StatusOr<c10::Storage> storage = path().Allocate(Cuda(0), size);
    ASSERT_THAT(storage, IsOk());
    EXPECT_EQ(storage->device(), Cuda(0));
    EXPECT_EQ(storage->nbytes(), static_cast<std::size_t>(size));
    EXPECT_EQ(storage->data() == nullptr, size == 0);
  }
}

TEST_P(StoragePathCases, RefusesInvalidSizesAndDevices) {
  EXPECT_THAT(path().Allocate(Cuda(0), -1), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-1 bytes")));
  EXPECT_THAT(path().Allocate(c10::Device("cpu"), 8), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cpu")));
  for (const std::int64_t size : {0, 8}) {
    EXPECT_THAT(path().Allocate(Cuda(99), size), StatusIs(absl::StatusCode::kNotFound, HasSubstr("cuda:99")));
  }
  EXPECT_THAT(path().Wait(Cuda(99)), StatusIs(absl::StatusCode::kNotFound, HasSubstr("cuda:99")));
  EXPECT_THAT(path().Wait(c10::Device("cpu")), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cpu")));
}

TEST_P(StoragePathCases, OutOfMemoryIsAnError) {
  const std::int64_t size = std::int64_t{1} << 50;
  const absl::StatusOr<CudaMemoryInfo> info = runtime().MemoryInfo(Cuda(0));
  ASSERT_THAT(info, IsOk());
  EXPECT_THAT(path().Allocate(Cuda(0), size),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("cuda:0"), HasSubstr(std::to_string(size) + " bytes wanted"),
                             HasSubstr("of " + std::to_string(info->total_bytes) + " bytes free"))));
  EXPECT_THAT(path().Allocate(Cuda(0), 8), IsOk());
}

TEST_P(StoragePathCases, Loads) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 1);
  const std::vector<c10::Storage> storages = Loaded(all);
  EXPECT_THAT(path().Wait(Cuda(0)), IsOk());
  ExpectBytes(storages, all);
}

TEST_P(StoragePathCases, LoadsInOrder) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 2);
  const std::vector<c10::Storage> storages = Allocated(all);
  std::vector<std::int64_t> next(all.size());
  std::vector<StorageLoad> loads;
  for (std::size_t i = 0; i < all.size(); ++i) {
    StorageLoad load = LoadOf(storages[i], all[i], static_cast<int>(i), /*in_order=*/true);
    load.read = [read = load.read, &next = next[i]](std::int64_t offset, absl::Span<char> into) {
      if (offset != next || offset % StoragePath::kLoadAlignment != 0) return absl::InternalError("out of order");
      next = offset + static_cast<std::int64_t>(into.size());
      return read(offset, into);
    };
    loads.push_back(std::move(load));
  }
  ASSERT_THAT(path().Load(loads), IsOk());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(next[i], static_cast<std::int64_t>(all[i].size()));
  ExpectBytes(storages, all);
}

TEST_P(StoragePathCases, LoadsThousandsOfSmallStorages) {
  std::vector<Bytes> all;
  for (int i = 0; i < 3000; ++i) all.push_back(SomeBytes(1 + i % 37, i));
  const std::vector<c10::Storage> storages = Loaded(all);
  std::vector<c10::Storage> back;
  std::vector<StorageCopy> copies;
  for (std::size_t i = 0; i < all.size(); ++i) {
    back.push_back(OnCpu(Bytes(all[i].size())));
    copies.push_back({.from = storages[i], .into = back[i], .id = static_cast<int>(i)});
  }
  ASSERT_THAT(path().Copy(copies), IsOk());
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(BytesOnCpu(back[i]), all[i]) << i;
}

TEST_P(StoragePathCases, LoadsFromFiles) {
  for (const std::string& folder : {testing::TempDir(), std::string("/dev/shm")}) {
    for (const std::int64_t gap : {100, 20'000}) {
      const std::vector<Bytes> all = ManySizes(GetParam().options, 11);
      const StoragesInFile in_file(folder, all, gap);
      in_file.file().DropCache();
      const std::vector<c10::Storage> storages = Allocated(all);
      std::atomic<int> reads = 0;
      std::vector<StorageLoad> loads;
      // The order of the file is not that of the loads.
      for (std::size_t k = 0; k < all.size(); ++k) {
        const std::size_t i = (k * 7 + 3) % all.size();
        loads.push_back(LoadOf(storages[i], all[i], static_cast<int>(i)));
        loads.back().file = in_file.Place(i);
        loads.back().read = [read = loads.back().read, &reads](std::int64_t offset, absl::Span<char> into) {
          ++reads;
          return read(offset, into);
        };
      }
      ASSERT_THAT(path().Load(loads), IsOk());
      // With smaller buffers, storages are not loaded by ranges of their file.
      if (GetParam().options.buffer_size >= 8192) {
        EXPECT_EQ(reads, 0);
      }
      ExpectBytes(storages, all);
    }
  }
}

TEST_P(StoragePathCases, StoragesMayOverlapInAFile) {
  const Bytes bytes = SomeBytes(60'000, 12);
  const StoragesInFile in_file(testing::TempDir(), {bytes}, 0);
  std::vector<Bytes> all;
  std::vector<std::int64_t> offsets;
  for (const std::int64_t offset : {0, 0, 64, 3, 20'000, 59'999, 4096}) {
    for (const std::int64_t size : {1, 100, 30'000, 60'000}) {
      if (offset + size > 60'000) continue;
      all.emplace_back(bytes.begin() + offset, bytes.begin() + offset + size);
      offsets.push_back(offset);
    }
  }
  const std::vector<c10::Storage> storages = Allocated(all);
  std::vector<StorageLoad> loads;
  for (std::size_t i = 0; i < all.size(); ++i) {
    loads.push_back(LoadOf(storages[i], all[i], static_cast<int>(i)));
    loads.back().file = in_file.Place(0);
    loads.back().file->offset += offsets[i];
  }
  ASSERT_THAT(path().Load(loads), IsOk());
  ExpectBytes(storages, all);
}

TEST_P(StoragePathCases, AFileThatCannotBeReadIsReadByTheFunction) {
  // The function returns the right bytes, or an error with the name of the file.
  const std::vector<Bytes> all = ManySizes(GetParam().options, 13);
  const std::vector<c10::Storage> storages = Allocated(all);
  const TemporaryFile too_short(Bytes(5000, 'x'));
  for (const int descriptor : {-1, too_short.descriptor()}) {
    std::vector<StorageLoad> loads;
    std::int64_t offset = 4999;
    for (std::size_t i = 0; i < all.size(); ++i) {
      loads.push_back(LoadOf(storages[i], all[i], static_cast<int>(i)));
      loads.back().file = FilePlace{.descriptor = descriptor, .offset = offset};
      offset += 1 + static_cast<std::int64_t>(all[i].size());
    }
    ASSERT_THAT(path().Load(loads), IsOk());
    ExpectBytes(storages, all);
    for (StorageLoad& load : loads) {
      load.read = [](std::int64_t, absl::Span<char>) { return absl::DataLossError("model.pt: truncated"); };
    }
    EXPECT_THAT(path().Load(loads), StatusIs(absl::StatusCode::kDataLoss, "model.pt: truncated"));
  }
}

TEST_P(StoragePathCases, LoadsInTheOrderOfTheCallersStream) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 14);
  const std::vector<c10::Storage> storages = Allocated(all), copies = Allocated(all);
  const StoragesInFile in_file(testing::TempDir(), all, 0);
  std::vector<StorageLoad> loads;
  std::vector<StorageCopy> copy;
  for (std::size_t i = 0; i < all.size(); ++i) {
    loads.push_back(LoadOf(storages[i], all[i], static_cast<int>(i)));
    if (i % 3 != 0) loads.back().file = in_file.Place(i);
    copy.push_back({.from = storages[i], .into = copies[i]});
  }
  for (int round = 0; round < 2; ++round) {
    under_test().UseStream(Cuda(0), round);
    ASSERT_THAT(path().Zero(storages), IsOk());
    ASSERT_THAT(path().Load(loads), IsOk());
    ASSERT_THAT(path().Copy(copy), IsOk());
    ASSERT_THAT(path().Zero(storages), IsOk());
    ExpectBytes(copies, all);
    ExpectBytes(storages, Zeros(all));
  }
}

TEST_P(StoragePathCases, ReportsProgress) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 15);
  const std::vector<c10::Storage> storages = Allocated(all);
  std::int64_t total = 0;
  for (const Bytes& bytes : all) total += static_cast<std::int64_t>(bytes.size());
  std::vector<StorageLoad> loads;
  for (std::size_t i = 0; i < all.size(); ++i) loads.push_back(LoadOf(storages[i], all[i], static_cast<int>(i)));
  std::vector<std::int64_t> reported = {0};
  const auto progress = [&](std::int64_t done, std::int64_t of) {
    EXPECT_EQ(of, total);
    EXPECT_GT(done, reported.back());
    reported.push_back(done);
  };
  ASSERT_THAT(path().Load(loads, {.progress = progress, .stop = {}}), IsOk());
  EXPECT_EQ(reported.back(), total);
}

TEST_P(StoragePathCases, AStoppedLoadCanBeRepeated) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 16);
  const std::vector<c10::Storage> storages = Allocated(all);
  std::vector<StorageLoad> loads;
  for (std::size_t i = 0; i < all.size(); ++i) loads.push_back(LoadOf(storages[i], all[i], static_cast<int>(i)));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(path().Load(loads, {.progress = {}, .stop = stop.get_token()}),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("stopped")));
  ASSERT_THAT(path().Load(loads), IsOk());
  ExpectBytes(storages, all);
}

TEST_P(StoragePathCases, ReadErrorsAreReturnedUnchanged) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 3);
  const std::vector<c10::Storage> storages = Allocated(all);
  for (const std::size_t failing : {std::size_t{1}, all.size() / 2, all.size() - 1}) {
    std::vector<StorageLoad> loads;
    for (std::size_t i = 0; i < all.size(); ++i) loads.push_back(LoadOf(storages[i], all[i], static_cast<int>(i)));
    loads[failing].read = [](std::int64_t, absl::Span<char>) { return absl::DataLossError("member 7: checksum"); };
    EXPECT_THAT(path().Load(loads), StatusIs(absl::StatusCode::kDataLoss, "member 7: checksum"));
    loads[failing].read = [](std::int64_t, absl::Span<char>) -> absl::Status { throw std::bad_alloc(); };
    EXPECT_THAT(path().Load(loads), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("out of memory")));
  }
  ExpectBytes(Loaded(all), all);
}

TEST_P(StoragePathCases, Zeroes) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 4);
  const std::vector<c10::Storage> storages = Loaded(all);
  EXPECT_THAT(path().Zero(storages), IsOk());
  std::vector<Bytes> zeros;
  for (const Bytes& bytes : all) zeros.emplace_back(bytes.size());
  ExpectBytes(storages, zeros);
  EXPECT_THAT(path().Zero({}), IsOk());
  EXPECT_THAT(path().Zero({OnCpu(Bytes(8))}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cpu")));
}

TEST_P(StoragePathCases, CopiesWithinADevice) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 5);
  const std::vector<c10::Storage> from = Loaded(all), into = Allocated(all);
  std::vector<StorageCopy> copies;
  for (std::size_t i = 0; i < all.size(); ++i) copies.push_back({.from = from[i], .into = into[i]});
  EXPECT_THAT(path().Copy(copies), IsOk());
  ExpectBytes(into, all);
}

TEST_P(StoragePathCases, CopiesUnalignedParts) {
  const Bytes bytes = SomeBytes(300'000, 6);
  const c10::Storage from = Loaded({bytes})[0];
  for (const std::int64_t from_at : {0, 1, 8, 13}) {
    for (const std::int64_t into_at : {0, 3, 8, 13}) {
      const std::int64_t size = 200'001;
      const c10::Storage into = Loaded({Bytes(300'000)})[0];
      ASSERT_THAT(path().Copy({{.from = Part(from, from_at, size), .into = Part(into, into_at, size)}}), IsOk());
      Bytes expected(300'000);
      std::copy_n(bytes.begin() + from_at, size, expected.begin() + into_at);
      ExpectBytes({into}, {expected});
      EXPECT_EQ(path().Checksums({Part(into, into_at, size)}).value(),
                std::vector{ChecksumOf(Bytes(expected.begin() + into_at, expected.begin() + into_at + size))});
    }
  }
}

TEST_P(StoragePathCases, CopiesFromAndToTheHost) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 7);
  const std::vector<c10::Storage> on_device = Allocated(all);
  std::vector<c10::Storage> from, into;
  std::vector<StorageCopy> there, back;
  for (std::size_t i = 0; i < all.size(); ++i) {
    from.push_back(OnCpu(all[i]));
    into.push_back(OnCpu(Bytes(all[i].size(), 'x')));
    there.push_back({.from = from[i], .into = on_device[i]});
    back.push_back({.from = on_device[i], .into = into[i]});
  }
  ASSERT_THAT(path().Copy(there), IsOk());
  // The caller may modify the source as soon as the call has returned.
  for (const c10::Storage& storage : from) {
    if (storage.nbytes() > 0) std::memset(storage.mutable_data(), 0, storage.nbytes());
  }
  ASSERT_THAT(path().Copy(back), IsOk());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(BytesOnCpu(into[i]) == all[i]) << i;
}

TEST_P(StoragePathCases, CopiesFromAndToPinnedMemory) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 17);
  const std::vector<c10::Storage> on_device = Allocated(all);
  std::vector<c10::Storage> from, into;
  std::vector<StorageCopy> there, back;
  for (std::size_t i = 0; i < all.size(); ++i) {
    // Some storages are not pinned.
    const bool is_pinned = i % 4 != 0;
    from.push_back(is_pinned ? Pinned(runtime(), all[i]) : OnCpu(all[i]));
    into.push_back(is_pinned ? Pinned(runtime(), Bytes(all[i].size(), 'x')) : OnCpu(Bytes(all[i].size(), 'x')));
    there.push_back({.from = from[i], .into = on_device[i]});
    back.push_back({.from = on_device[i], .into = into[i]});
  }
  for (const bool some_only : {false, true}) {
    if (some_only) there.erase(there.begin(), there.end() - 3);
    ASSERT_THAT(path().Zero(on_device), IsOk());
    ASSERT_THAT(path().Copy(there), IsOk());
    // The caller may modify the source as soon as the call has returned.
    for (const StorageCopy& copy : there) {
      if (copy.from.nbytes() > 0) std::memset(copy.from.mutable_data(), 0, copy.from.nbytes());
    }
    ASSERT_THAT(path().Copy(back), IsOk());
    for (std::size_t i = 0; i < all.size() && !some_only; ++i) EXPECT_TRUE(BytesOnCpu(into[i]) == all[i]) << i;
  }
  for (const c10::Storage& storage : into) EXPECT_TRUE(BytesOnCpu(storage) == Bytes(storage.nbytes()));
}

TEST_P(StoragePathCases, CopiesBetweenDevices) {
  const absl::StatusOr<int> devices = runtime().DeviceCount();
  ASSERT_THAT(devices, IsOk());
  if (*devices < 2) {
    RequireGpu(absl::NotFoundError("there is no second GPU"), 2);
    return;
  }
  const std::vector<Bytes> all = ManySizes(GetParam().options, 8);
  for (int round = 0; round < 2; ++round) {
    under_test().UseStream(Cuda(0), round);
    under_test().UseStream(Cuda(1), round);
    const std::vector<c10::Storage> first = Loaded(all, Cuda(0)), second = Allocated(all, Cuda(1)),
                                    third = Allocated(all, Cuda(0));
    std::vector<StorageCopy> there, back;
    for (std::size_t i = 0; i < all.size(); ++i) {
      there.push_back({.from = first[i], .into = second[i]});
      back.push_back({.from = second[i], .into = third[i]});
    }
    // Zeroing before or after the copy must take effect in that order.
    ASSERT_THAT(path().Zero(second), IsOk());
    ASSERT_THAT(path().Copy(there), IsOk());
    ASSERT_THAT(path().Zero(first), IsOk());
    ASSERT_THAT(path().Copy(back), IsOk());
    ASSERT_THAT(path().Zero(second), IsOk());
    ExpectBytes(third, all);
  }
}

TEST_P(StoragePathCases, RefusesInvalidCopies) {
  const Bytes bytes(8);
  const std::vector<c10::Storage> storages = Loaded({Bytes(8), Bytes(9)});
  EXPECT_THAT(
      path().Copy({{.from = storages[0], .into = storages[1], .id = 5}}),
      StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("storage 5"), HasSubstr("8 bytes do not fit 9"))));
  EXPECT_THAT(path().Copy({{.from = OnCpu(Bytes(8)), .into = OnCpu(Bytes(8)), .id = 6}}),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("storage 6"), HasSubstr("cpu to cpu"))));
  EXPECT_THAT(path().Copy({{.from = storages[0], .into = c10::Storage(), .id = 7}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage 7")));
  EXPECT_THAT(path().Load({LoadOf(OnCpu(bytes), bytes, 8)}),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("storage 8"), HasSubstr("cpu"))));
}

TEST_P(StoragePathCases, RefusesCopiesThatOverlap) {
  const std::vector<Bytes> all = {SomeBytes(1000, 1), SomeBytes(1000, 2)};
  const std::vector<c10::Storage> storages = Loaded(all);
  const c10::Storage on_cpu = OnCpu(all[0]);
  // The second copy writes what the first one reads.
  EXPECT_THAT(path().Copy({{.from = storages[0], .into = on_cpu, .id = 5},
                           {.from = Part(storages[1], 0, 500), .into = Part(storages[0], 500, 500), .id = 6}}),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("storage 5"), HasSubstr("storage 6"))));
  // Both copies write the same byte.
  EXPECT_THAT(path().Copy({{.from = on_cpu, .into = storages[0], .id = 7},
                           {.from = Part(storages[1], 0, 1), .into = Part(storages[0], 999, 1), .id = 8}}),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("storage 7"), HasSubstr("storage 8"))));
  EXPECT_THAT(path().Copy({{.from = storages[0], .into = storages[0], .id = 9}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("storage 9 and storage 9")));
  ExpectBytes(storages, all);
}

TEST_P(StoragePathCases, QueuesCallsBehindABlockedStream) {
  const absl::StatusOr<int> devices = runtime().DeviceCount();
  ASSERT_THAT(devices, IsOk());
  const std::vector<Bytes> all = ManySizes(GetParam().options, 10);
  absl::Notification is_blocked, are_queued, is_unblocked;
  std::optional<c10::Stream> stream;
  std::thread caller([&] {
    under_test().UseStream(Cuda(0), 1);
    const std::vector<c10::Storage> from = Loaded(all), into = Allocated(all);
    const std::vector<c10::Storage> other = *devices > 1 ? Allocated(all, Cuda(1)) : std::vector<c10::Storage>();
    std::vector<StorageCopy> within, there;
    for (std::size_t i = 0; i < all.size(); ++i) within.push_back({.from = from[i], .into = into[i]});
    for (std::size_t i = 0; i < other.size(); ++i) there.push_back({.from = into[i], .into = other[i]});
    const auto start_each = [&] {
      EXPECT_THAT(path().Zero(into), IsOk());
      EXPECT_THAT(path().Copy(within), IsOk());
      EXPECT_THAT(path().Zero({into.back()}), IsOk());
      EXPECT_THAT(path().Copy({within.back()}), IsOk());
      EXPECT_THAT(path().Copy(there), IsOk());
    };
    // What happens only once in a process, such as loading the kernels, may wait for the device.
    start_each();
    EXPECT_THAT(path().Wait(Cuda(0)), IsOk());
    stream = runtime().CurrentStream(Cuda(0)).value();
    under_test().Block(*stream);
    is_blocked.Notify();
    for (int i = 0; i < 20; ++i) start_each();
    are_queued.Notify();
    is_unblocked.WaitForNotification();
    ExpectBytes(into, all);
    if (*devices > 1) ExpectBytes(other, all);
  });
  is_blocked.WaitForNotification();
  // The calls return at once. The limit ends the test if one waits for the stream.
  const bool returned = are_queued.WaitForNotificationWithTimeout(absl::Seconds(60));
  under_test().Unblock(*stream);
  is_unblocked.Notify();
  caller.join();
  EXPECT_TRUE(returned) << "a call waited for the blocked stream";
}

TEST_P(StoragePathCases, ABlockedStreamDoesNotStopTransfersOfOthers) {
  const absl::StatusOr<int> devices = runtime().DeviceCount();
  ASSERT_THAT(devices, IsOk());
  if (*devices < 2) GTEST_SKIP() << "there is no second GPU";
  const std::vector<Bytes> all = ManySizes(GetParam().options, 11);
  // Reads the bytes back by the path too: CUDA may wait for all devices to free other pinned memory.
  const auto transfer = [&] {
    const std::vector<c10::Storage> storages = Loaded(all, Cuda(1));
    std::vector<c10::Storage> back;
    std::vector<StorageCopy> copies;
    for (std::size_t i = 0; i < all.size(); ++i) {
      back.push_back(OnCpu(Bytes(all[i].size())));
      copies.push_back({.from = storages[i], .into = back[i]});
    }
    EXPECT_THAT(path().Copy(copies), IsOk());
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(BytesOnCpu(back[i]) == all[i]) << i;
  };
  transfer();
  // More loads than the device has buffers, so that the last one waits for the blocked stream.
  const Bytes bytes = SomeBytes(1000, 1);
  absl::Notification is_blocked;
  std::optional<c10::Stream> stream;
  std::thread caller([&] {
    under_test().UseStream(Cuda(0), 1);
    const c10::Storage storage = Loaded({bytes})[0];
    EXPECT_THAT(path().Wait(Cuda(0)), IsOk());
    stream = runtime().CurrentStream(Cuda(0)).value();
    under_test().Block(*stream);
    for (int i = 0; i <= GetParam().options.buffers; ++i) {
      if (i == GetParam().options.buffers) is_blocked.Notify();
      EXPECT_THAT(path().Load({LoadOf(storage, bytes, i)}), IsOk());
    }
    ExpectBytes({storage}, {bytes});
  });
  is_blocked.WaitForNotification();
  transfer();
  under_test().Unblock(*stream);
  caller.join();
}

TEST_P(StoragePathCases, ComputesChecksums) {
  const std::vector<Bytes> all = ManySizes(GetParam().options, 9);
  const absl::StatusOr<std::vector<std::uint64_t>> sums = path().Checksums(Loaded(all));
  ASSERT_THAT(sums, IsOk());
  ASSERT_EQ(sums->size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ((*sums)[i], ChecksumOf(all[i])) << all[i].size();
  EXPECT_THAT(path().Checksums({}).value(), IsEmpty());
}

TEST_P(StoragePathCases, StreamsOfManyThreads) {
  // Each thread has its own stream. All threads share the ring.
  std::vector<std::vector<c10::Storage>> storages(6);
  std::vector<std::vector<Bytes>> all(6);
  for (int i = 0; i < 6; ++i) all[i] = ManySizes(GetParam().options, 100 * i);
  RunThreads(6, [&](int i) {
    under_test().UseStream(Cuda(0), i);
    storages[i] = Loaded(all[i]);
    const absl::StatusOr<std::vector<std::uint64_t>> sums = path().Checksums(storages[i]);
    ASSERT_THAT(sums, IsOk());
    for (std::size_t k = 0; k < all[i].size(); ++k) EXPECT_EQ((*sums)[k], ChecksumOf(all[i][k]));
    EXPECT_THAT(path().Wait(Cuda(0)), IsOk());
  });
  for (int i = 0; i < 6; ++i) ExpectBytes(storages[i], all[i]);
}

}  // namespace metaconv
