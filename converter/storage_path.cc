#include "converter/storage_path.h"

#include <array>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"

namespace metaconv {
namespace {

// The registered path for each type of device. A path is set once and never destroyed.
std::atomic<StoragePath*>& Place(c10::DeviceType type) {
  static std::array<std::atomic<StoragePath*>, c10::COMPILE_TIME_MAX_DEVICE_TYPES> places;
  return places[static_cast<std::size_t>(type)];
}

}  // namespace

absl::Status StoragePath::AllocateAll(c10::Device device, absl::Span<const std::int64_t> sizes,
                                      std::vector<c10::Storage>& storages) {
  for (const std::int64_t size : sizes) {
    absl::StatusOr<c10::Storage> storage = Allocate(device, size);
    if (!storage.ok()) return storage.status();
    storages.push_back(*std::move(storage));
  }
  return absl::OkStatus();
}

absl::StatusOr<StoragePath*> StoragePathFor(c10::Device device) {
  StoragePath* path = Place(device.type()).load(std::memory_order_acquire);
  if (path != nullptr) return path;
  return absl::UnimplementedError(absl::StrCat("device ", device.str(), ": no storage path is linked into this program",
                                               device.is_cuda() ? "; link //cuda" : ""));
}

bool RegisterStoragePath(c10::DeviceType type, std::unique_ptr<StoragePath> path) {
  StoragePath* none = nullptr;
  const bool is_first = Place(type).compare_exchange_strong(none, path.get(), std::memory_order_acq_rel);
  if (is_first) path.release();
  return is_first;
}

}  // namespace metaconv
