// Cases with blocked streams, and with several threads.

#include <optional>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "tests/cuda/require_gpu.h"
#include "tests/cuda/storage_path_cases.h"
#include "tests/testing/run_threads.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {

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
  if (*devices < 2) {
    RequireGpu(absl::NotFoundError("there is no second GPU"), 2);
    return;
  }
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
