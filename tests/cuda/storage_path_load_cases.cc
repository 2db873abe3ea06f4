// The cases of StoragePath::Load.

#include <atomic>
#include <stop_token>
#include <utility>

#include "gmock/gmock.h"
#include "tests/cuda/storage_path_cases.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;

std::vector<Bytes> Zeros(const std::vector<Bytes>& all) {
  std::vector<Bytes> zeros;
  for (const Bytes& bytes : all) zeros.emplace_back(bytes.size());
  return zeros;
}

}  // namespace

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
}  // namespace metaconv
