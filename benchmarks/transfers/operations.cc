#include "benchmarks/transfers/operations.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/transfers/raw_cuda.h"
#include "benchmarks/transfers/shapes.h"
#include "meta/checksum.h"

namespace metaconv {
namespace {

constexpr int kQueuedCalls = 100;
// How long the device is kept busy while calls are queued.
constexpr double kBusySeconds = 0.02;

using Storages = std::vector<c10::Storage>;

absl::StatusOr<Storages> Allocate(TransferSetting& setting, const Shape& shape) {
  Storages storages;
  absl::Status status = setting.path.AllocateAll(
      setting.device, std::vector<std::int64_t>(static_cast<std::size_t>(shape.count), shape.size), storages);
  if (!status.ok()) return status;
  return storages;
}

std::vector<StorageCopy> CopiesOf(const Storages& from, const Storages& into) {
  std::vector<StorageCopy> copies;
  for (std::size_t i = 0; i < from.size(); ++i) {
    copies.push_back({.from = from[i], .into = into[i], .id = static_cast<MetaStorageId>(i)});
  }
  return copies;
}

absl::Status Add(TransferSetting& setting, Figure figure, absl::StatusOr<std::vector<double>> seconds) {
  if (!seconds.ok()) return seconds.status();
  figure.seconds = *std::move(seconds);
  setting.figures.Add(std::move(figure));
  return absl::OkStatus();
}

// Measures `start` until the device is done.
absl::Status MeasureUntilDone(TransferSetting& setting, Figure figure, absl::FunctionRef<absl::Status()> start) {
  return Add(setting, std::move(figure), Measure(setting.limits, [&] {
               if (absl::Status status = start(); !status.ok()) return status;
               return setting.path.Wait(setting.device);
             }));
}

absl::Status MeasureRaw(TransferSetting& setting, const Shape& shape) {
  const absl::StatusOr<Storages> both = Allocate(setting, {shape.name, 2, shape.bytes()});
  if (!both.ok()) return both.status();
  void* const first = (*both)[0].mutable_data();
  void* const second = (*both)[1].mutable_data();
  absl::Status status =
      MeasureUntilDone(setting, {.name = absl::StrCat("raw/memset/", shape.name), .bytes = shape.bytes()},
                       [&] { return RawMemset(first, shape.bytes()); });
  if (!status.ok()) return status;
  return MeasureUntilDone(setting, {.name = absl::StrCat("raw/device_to_device/", shape.name), .bytes = shape.bytes()},
                          [&] { return RawCopy(second, first, shape.bytes()); });
}

// Fills each storage with bytes that are not zero.
absl::Status FillAll(const Storages& storages) {
  for (const c10::Storage& storage : storages) {
    absl::Status status = RawMemset(storage.mutable_data(), static_cast<std::int64_t>(storage.nbytes()));
    if (!status.ok()) return status;
  }
  return WaitForDefaultStream();
}

absl::Status Expect(TransferSetting& setting, const Storages& storages, std::uint64_t checksum,
                    std::string_view after) {
  const absl::StatusOr<std::vector<std::uint64_t>> sums = setting.path.Checksums(storages);
  if (!sums.ok()) return sums.status();
  const auto wrong = std::find_if(sums->begin(), sums->end(), [&](std::uint64_t sum) { return sum != checksum; });
  if (wrong == sums->end()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(std::string(after), ": storage ", wrong - sums->begin(), " has wrong content"));
}

std::uint64_t ChecksumOf(std::uint64_t word, std::int64_t size) {
  std::uint64_t sum = ChecksumOfLength(static_cast<std::uint64_t>(size));
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(size) / 8; ++i) sum += ChecksumTerm(word, i);
  return sum;
}

absl::Status MeasureShape(TransferSetting& setting, const Shape& shape) {
  if (absl::Status status = MeasureRaw(setting, shape); !status.ok()) return status;
  const absl::StatusOr<Storages> from = Allocate(setting, shape);
  if (!from.ok()) return from.status();
  const absl::StatusOr<Storages> into = Allocate(setting, shape);
  if (!into.ok()) return into.status();
  const std::string memset = absl::StrCat("raw/memset/", shape.name);
  const std::string copy = absl::StrCat("raw/device_to_device/", shape.name);
  const std::uint64_t filled = ChecksumOf(0x5a5a5a5a5a5a5a5a, shape.size);

  absl::Status status = FillAll(*from);
  if (status.ok()) status = FillAll(*into);
  if (status.ok()) {
    status = MeasureUntilDone(setting,
                              {.name = absl::StrCat("zero/", shape.name), .bytes = shape.bytes(), .ceiling = memset},
                              [&] { return setting.path.Zero(*into); });
  }
  if (status.ok()) status = Expect(setting, *into, ChecksumOf(0, shape.size), "zeroing");
  if (status.ok()) {
    const std::vector<StorageCopy> copies = CopiesOf(*from, *into);
    status =
        MeasureUntilDone(setting, {.name = absl::StrCat("copy/", shape.name), .bytes = shape.bytes(), .ceiling = copy},
                         [&] { return setting.path.Copy(copies); });
  }
  if (status.ok()) status = Expect(setting, *into, filled, "copying");
  if (status.ok()) {
    status = MeasureUntilDone(
        setting, {.name = absl::StrCat("checksums/", shape.name), .bytes = shape.bytes(), .ceiling = memset},
        [&] { return setting.path.Checksums(*into).status(); });
  }
  return status;
}

class Queue {
 public:
  explicit Queue(TransferSetting& setting) : setting_(setting) {}

  absl::Status Prepare() {
    absl::StatusOr<Storages> both =
        Allocate(setting_, {"busy", 2, std::min(std::int64_t{1} << 30, setting_.max_bytes)});
    if (!both.ok()) return both.status();
    busy_ = *std::move(both);
    if (absl::Status status = KeepBusy(1); !status.ok()) return status;
    if (absl::Status status = WaitForDefaultStream(); !status.ok()) return status;
    const absl::StatusOr<double> seconds = SecondsOf([&] {
      absl::Status status = KeepBusy(1);
      return status.ok() ? WaitForDefaultStream() : status;
    });
    if (!seconds.ok()) return seconds.status();
    // The device has a limit of queued work, behind which calls wait.
    calls_ = static_cast<int>(std::clamp(kBusySeconds / *seconds, 1.0, 200.0));
    return absl::OkStatus();
  }

  absl::Status MeasureCalls(Figure figure, absl::FunctionRef<absl::Status()> call) {
    bool was_busy = true;
    const auto finish_last_run = [&] {
      if (absl::Status status = WaitForDefaultStream(); !status.ok()) return status;
      return KeepBusy(calls_);
    };
    absl::StatusOr<std::vector<double>> seconds = Measure(setting_.limits, finish_last_run, [&] {
      for (int i = 0; i < kQueuedCalls; ++i) {
        if (absl::Status status = call(); !status.ok()) return status;
      }
      const absl::StatusOr<bool> is_busy = DefaultStreamIsBusy();
      was_busy &= is_busy.ok() && *is_busy;
      return is_busy.status();
    });
    figure.notes["device_was_busy"] = was_busy;
    if (absl::Status status = Add(setting_, std::move(figure), std::move(seconds)); !status.ok()) return status;
    return WaitForDefaultStream();
  }

 private:
  absl::Status KeepBusy(int calls) {
    for (int i = 0; i < calls; ++i) {
      absl::Status status =
          RawCopy(busy_.back().mutable_data(), busy_.front().data(), static_cast<std::int64_t>(busy_[0].nbytes()));
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  TransferSetting& setting_;
  Storages busy_;
  int calls_ = 0;
};

absl::Status MeasureQueueOf(TransferSetting& setting, Queue& queue, const Shape& shape) {
  const absl::StatusOr<Storages> from = Allocate(setting, shape);
  if (!from.ok()) return from.status();
  const absl::StatusOr<Storages> into = Allocate(setting, shape);
  if (!into.ok()) return into.status();
  const std::vector<StorageCopy> copies = CopiesOf(*from, *into);
  absl::Status status =
      queue.MeasureCalls({.name = absl::StrCat("queue/zero/", shape.name), .ceiling = "raw/queue/memset"},
                         [&] { return setting.path.Zero(*from); });
  if (!status.ok()) return status;
  return queue.MeasureCalls({.name = absl::StrCat("queue/copy/", shape.name), .ceiling = "raw/queue/device_to_device"},
                            [&] { return setting.path.Copy(copies); });
}

}  // namespace

absl::Status MeasureOperations(TransferSetting& setting) {
  for (const Shape& shape : Shapes(setting.max_bytes)) {
    if (shape.name != kLarge && shape.name != kTiny) continue;
    if (absl::Status status = MeasureShape(setting, shape); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status MeasureQueue(TransferSetting& setting) {
  Queue queue(setting);
  if (absl::Status status = queue.Prepare(); !status.ok()) return status;
  const Shape storage = Within({"storage", 1, std::int64_t{16} << 20}, setting.max_bytes);
  const Shape model = Within({"model", 300, std::int64_t{64} << 10}, setting.max_bytes);
  const absl::StatusOr<Storages> both = Allocate(setting, {"both", 2, storage.size});
  if (!both.ok()) return both.status();
  void* const first = both->front().mutable_data();
  void* const second = both->back().mutable_data();
  absl::Status status =
      queue.MeasureCalls({.name = "raw/queue/memset"}, [&] { return RawMemset(first, storage.size); });
  if (status.ok()) {
    status = queue.MeasureCalls({.name = "raw/queue/device_to_device"},
                                [&] { return RawCopy(second, first, storage.size); });
  }
  for (const Shape& shape : {storage, model}) {
    if (status.ok()) status = MeasureQueueOf(setting, queue, shape);
  }
  return status;
}

}  // namespace metaconv
