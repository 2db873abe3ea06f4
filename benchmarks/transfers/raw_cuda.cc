#include "benchmarks/transfers/raw_cuda.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace metaconv {
namespace {

constexpr std::int64_t kMiB = std::int64_t{1} << 20;
constexpr std::int64_t kSizes[] = {kMiB, 4 * kMiB, 16 * kMiB, 64 * kMiB};
constexpr std::int64_t kBytesOfARun = 256 * kMiB;

struct FreePinned {
  void operator()(void* memory) const { static_cast<void>(cudaFreeHost(memory)); }
};

std::string NameOf(std::string_view kind, std::int64_t size) {
  return absl::StrCat("raw/", std::string(kind), "/", size / kMiB, "MiB");
}

// Queues `call` often enough for kBytesOfARun.
absl::Status MeasureCalls(TransferSetting& setting, std::string_view kind, std::int64_t size,
                          absl::FunctionRef<absl::Status()> call) {
  const std::int64_t calls = std::max(std::int64_t{1}, std::min(kBytesOfARun, setting.max_bytes) / size);
  absl::StatusOr<std::vector<double>> seconds = Measure(setting.limits, [&] {
    for (std::int64_t i = 0; i < calls; ++i) {
      if (absl::Status status = call(); !status.ok()) return status;
    }
    return WaitForDefaultStream();
  });
  if (!seconds.ok()) return seconds.status();
  setting.figures.Add({.name = NameOf(kind, size), .bytes = calls * size, .seconds = *std::move(seconds)});
  return absl::OkStatus();
}

}  // namespace

absl::Status StatusOf(cudaError_t error, std::string_view call) {
  if (error == cudaSuccess) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(std::string(call), ": ", cudaGetErrorName(error)));
}

absl::Status RawCopy(void* into, const void* from, std::int64_t size) {
  return StatusOf(cudaMemcpyAsync(into, from, static_cast<std::size_t>(size), cudaMemcpyDefault, nullptr),
                  "cudaMemcpyAsync");
}

absl::Status RawMemset(void* into, std::int64_t size) {
  return StatusOf(cudaMemsetAsync(into, 0x5a, static_cast<std::size_t>(size), nullptr), "cudaMemsetAsync");
}

absl::Status WaitForDefaultStream() { return StatusOf(cudaStreamSynchronize(nullptr), "cudaStreamSynchronize"); }

absl::StatusOr<bool> DefaultStreamIsBusy() {
  const cudaError_t error = cudaStreamQuery(nullptr);
  if (error != cudaErrorNotReady) {
    if (absl::Status status = StatusOf(error, "cudaStreamQuery"); !status.ok()) return status;
    return false;
  }
  static_cast<void>(cudaGetLastError());  // Otherwise a later call might return it.
  return true;
}

absl::Status MeasureRawTransfers(TransferSetting& setting) {
  // At least the smallest size is measured.
  const std::int64_t most = std::max(kMiB, std::min(kSizes[std::size(kSizes) - 1], setting.max_bytes));
  void* pinned = nullptr;
  absl::Status status =
      StatusOf(cudaHostAlloc(&pinned, static_cast<std::size_t>(most), cudaHostAllocDefault), "cudaHostAlloc");
  if (!status.ok()) return status;
  const std::unique_ptr<void, FreePinned> owner(pinned);
  std::vector<c10::Storage> storages;
  status = setting.path.AllocateAll(setting.device, {most, most}, storages);
  if (!status.ok()) return status;
  void* const first = storages[0].mutable_data();
  void* const second = storages[1].mutable_data();
  for (const std::int64_t size : kSizes) {
    if (size > most) break;
    status = MeasureCalls(setting, "host_to_device", size, [&] { return RawCopy(first, pinned, size); });
    if (status.ok()) {
      status = MeasureCalls(setting, "device_to_host", size, [&] { return RawCopy(pinned, first, size); });
    }
    if (status.ok()) {
      status = MeasureCalls(setting, "device_to_device", size, [&] { return RawCopy(second, first, size); });
    }
    if (status.ok()) status = MeasureCalls(setting, "memset", size, [&] { return RawMemset(second, size); });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string HostToDeviceCeiling(const TransferSetting& setting) {
  std::string name;
  for (const std::int64_t size : kSizes) {
    if (setting.figures.Find(NameOf("host_to_device", size)) != nullptr) name = NameOf("host_to_device", size);
  }
  return name;
}

}  // namespace metaconv
