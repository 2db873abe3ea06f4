#include "benchmarks/transfers/loads.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/transfers/pattern_file.h"
#include "benchmarks/transfers/raw_cuda.h"
#include "benchmarks/transfers/read_file.h"
#include "benchmarks/transfers/shapes.h"
#include "checkpoint/checkpoint_file.h"
#include "converter/host_memory.h"

namespace metaconv {
namespace {

constexpr int kReadingThreads = 16;
// How often each byte of a file is written or read, at most, and how many files of the full size there are.
constexpr double kPassesOfAFile = 16;
constexpr double kLargeFiles = 2;

std::string FileOf(const LoadPlace& place) { return absl::StrCat(place.folder, "/metaconv_transfers.safetensors"); }

// The bytes that the folder has room for.
std::int64_t RoomIn(const LoadPlace& place) {
  struct statvfs info = {};
  if (statvfs(place.folder.c_str(), &info) != 0) return 0;
  auto room = static_cast<std::int64_t>(info.f_bavail) * static_cast<std::int64_t>(info.f_frsize);
  if (place.is_memory) room = std::min(room, AvailableHostMemory().value_or(std::numeric_limits<std::int64_t>::max()));
  return room / 2;
}

// The size of files that can be written and measured in the time that is left, judged by a small one.
absl::StatusOr<std::int64_t> BytesInTime(const TransferSetting& setting, const LoadPlace& place) {
  const std::int64_t size = std::min(std::int64_t{128} << 20, setting.max_bytes);
  std::unique_ptr<PatternFile> file;
  const absl::StatusOr<double> seconds = SecondsOf([&] {
    absl::StatusOr<std::unique_ptr<PatternFile>> written =
        PatternFile::Write(FileOf(place), Within({"probe", 1, size}, size));
    if (!written.ok()) return written.status();
    file = *std::move(written);
    return absl::OkStatus();
  });
  if (!seconds.ok()) return seconds.status();
  const double bytes_per_second = static_cast<double>(size) / *seconds;
  return static_cast<std::int64_t>(bytes_per_second * SecondsLeft(setting) / (kPassesOfAFile * kLargeFiles));
}

// As CheckpointData fills it.
StorageLoad LoadOf(const CheckpointFile& file, MetaStorageId id, const c10::Storage& into) {
  const StorageLocation& location = file.checkpoint().storages[static_cast<std::size_t>(id)];
  StorageLoad load;
  load.into = into;
  load.id = id;
  load.read = [&file, id](std::int64_t offset, absl::Span<char> bytes) { return file.Read(id, offset, bytes); };
  if (location.bytes == StorageBytes::kPlain && location.swap_size == 1) {
    load.file = FilePlace{.descriptor = file.descriptor(), .offset = static_cast<std::int64_t>(location.offset)};
  }
  return load;
}

absl::Status MeasureFile(TransferSetting& setting, const LoadPlace& place, const PatternFile& pattern) {
  const std::string name = absl::StrCat(place.name, "/", pattern.shape().name);
  const std::int64_t bytes = pattern.shape().bytes();
  const auto evict = [&] { return place.is_memory ? absl::OkStatus() : pattern.Evict(); };

  Figure read = {.name = absl::StrCat("read/", name), .bytes = bytes};
  absl::StatusOr<std::vector<double>> seconds =
      Measure(setting.limits, evict, [&] { return ReadWholeFile(pattern.path(), kReadingThreads); });
  if (!seconds.ok()) return seconds.status();
  read.seconds = *std::move(seconds);
  setting.figures.Add(read);

  const absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(pattern.path());
  if (!file.ok()) return file.status();
  std::vector<std::int64_t> sizes;
  for (const StorageLocation& location : file->checkpoint().storages) sizes.push_back(location.size);
  std::vector<c10::Storage> storages;
  absl::Status status = setting.path.AllocateAll(setting.device, sizes, storages);
  if (!status.ok()) return status;
  std::vector<StorageLoad> loads;
  for (std::size_t i = 0; i < storages.size(); ++i) {
    loads.push_back(LoadOf(*file, static_cast<MetaStorageId>(i), storages[i]));
  }
  Figure load = {.name = absl::StrCat("load/", name),
                 .bytes = bytes,
                 .ceiling = place.is_memory ? HostToDeviceCeiling(setting) : read.name};
  seconds = Measure(setting.limits, evict, [&] {
    absl::Status loaded = setting.path.Load(loads);
    return loaded.ok() ? setting.path.Wait(setting.device) : loaded;
  });
  if (!seconds.ok()) return seconds.status();
  load.seconds = *std::move(seconds);
  setting.figures.Add(std::move(load));

  const absl::StatusOr<std::vector<std::uint64_t>> sums = setting.path.Checksums(storages);
  if (!sums.ok()) return sums.status();
  if (*sums != pattern.Checksums()) return absl::DataLossError(absl::StrCat("load/", name, ": wrong content"));
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureLoads(TransferSetting& setting, const LoadPlace& place) {
  const absl::StatusOr<std::int64_t> in_time = BytesInTime(setting, place);
  if (!in_time.ok()) {
    setting.figures.Skip(absl::StrCat("load/", place.name), in_time.status().ToString());
    return absl::OkStatus();
  }
  const std::int64_t most = std::min({setting.max_bytes, *in_time, RoomIn(place)});
  for (const Shape& wanted : Shapes(setting.max_bytes)) {
    const std::string name = absl::StrCat("load/", place.name, "/", wanted.name);
    if (SecondsLeft(setting) < 0 || most < 1024) {
      setting.figures.Skip(name, SecondsLeft(setting) < 0 ? "no time is left" : "there is no room, or too little time");
      continue;
    }
    const absl::StatusOr<std::unique_ptr<PatternFile>> file = PatternFile::Write(FileOf(place), Within(wanted, most));
    absl::Status status = file.ok() ? MeasureFile(setting, place, **file) : file.status();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace metaconv
