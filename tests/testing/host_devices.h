// HostDevices: the StoragePath of four CUDA devices in host memory, for programs without //cuda. Their storages report
// a CUDA device, and their bytes can be read directly.
//
// The devices have no streams and no operators. To test the CUDA implementation, use tests/cuda/host_runtime.h.
//
// Example:
//   HostDevices& devices = TheHostDevices();
//   devices.FailAllocation(3);                // The third allocation from now on fails.
//   …
//   EXPECT_EQ(devices.live(), 0);
//
// Thread safety: Thread-safe.
// Lifetime: registered by the first call of TheHostDevices, until the process ends.

#ifndef METACONV_TESTS_TESTING_HOST_DEVICES_H_
#define METACONV_TESTS_TESTING_HOST_DEVICES_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "c10/core/Storage.h"
#include "converter/cpu_storage_path.h"
#include "converter/storage_path.h"

namespace metaconv {

class HostDevices final : public StoragePath {
 public:
  static constexpr c10::DeviceIndex kCount = 4;

  // The number of calls of each function.
  struct Calls {
    std::atomic<int> zero = 0;
    std::atomic<int> copy = 0;
    std::atomic<int> load = 0;
  };

  absl::StatusOr<c10::Storage> Allocate(c10::Device device, std::int64_t size_bytes) override {
    if (device.has_index() && device.index() >= kCount) {
      return absl::NotFoundError(absl::StrCat("device ", device.str(), ": expected one of ", kCount, " devices"));
    }
    if (--until_failure_ == 0)
      return absl::ResourceExhaustedError(absl::StrCat("device ", device.str(), ": no memory"));
    absl::StatusOr<c10::Storage> host = host_.Allocate(c10::Device(c10::kCPU), size_bytes);
    if (!host.ok()) return host;
    const c10::Device indexed(c10::kCUDA, device.has_index() ? device.index() : c10::DeviceIndex{0});
    void* const bytes = host->mutable_data();
    ++live_;
    c10::DataPtr data(bytes, new c10::Storage(*std::move(host)), Free, indexed);
    return c10::Storage(c10::Storage::use_byte_size_t(), static_cast<std::size_t>(size_bytes), std::move(data),
                        /*allocator=*/nullptr, /*resizable=*/false);
  }
  absl::Status Zero(absl::Span<const c10::Storage> storages) override {
    ++calls_.zero;
    return host_.Zero(storages);
  }
  absl::Status Copy(absl::Span<const StorageCopy> copies) override {
    ++calls_.copy;
    return host_.Copy(copies);
  }
  using StoragePath::Load;
  absl::Status Load(absl::Span<const StorageLoad> loads, const LoadControl& control) override {
    ++calls_.load;
    return host_.Load(loads, control);
  }
  absl::StatusOr<std::vector<std::uint64_t>> Checksums(absl::Span<const c10::Storage> storages) override {
    return host_.Checksums(storages);
  }
  absl::Status Wait(c10::Device) override { return absl::OkStatus(); }

  // Lets the allocation with this number fail, starting with 1 for the next one; 0 for none.
  void FailAllocation(int number) { until_failure_ = number; }

  const Calls& calls() const { return calls_; }
  // The number of storages that are not freed.
  int live() const { return live_; }

 private:
  static void Free(void* host) {
    delete static_cast<c10::Storage*>(host);
    --live_;
  }

  static inline std::atomic<int> live_ = 0;

  CpuStoragePath host_;
  Calls calls_;
  std::atomic<int> until_failure_ = 0;
};

inline HostDevices& TheHostDevices() {
  static HostDevices* const devices = [] {
    auto path = std::make_unique<HostDevices>();
    HostDevices* const raw = path.get();
    return RegisterStoragePath(c10::kCUDA, std::move(path)) ? raw : nullptr;
  }();
  return *devices;
}

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_HOST_DEVICES_H_
